import { countedPrefix } from "../counted-prefix.ts";

/**
 * Counts the rows the platform would bill for one object: what every cursor reports, and one per `setAlarm`. It works
 * the same for every subject, because it wraps the storage under them and not their code.
 */
export function countRows(context: DurableObjectState): () => number {
  if (!context.id.name?.startsWith(countedPrefix)) return () => 0;
  const { storage } = context;
  const { sql } = storage;
  const cursors: { readonly rowsWritten: number }[] = [];
  let alarms = 0;
  const exec = sql.exec.bind(sql);
  const counted: SqlStorage["exec"] = (query, ...values) => {
    const cursor = exec(query, ...values);
    cursors.push(cursor);
    return cursor as never;
  };
  Object.defineProperty(sql, "exec", { value: counted });
  const setAlarm = storage.setAlarm.bind(storage);
  Object.defineProperty(storage, "setAlarm", {
    value: (...args: Parameters<typeof setAlarm>) => {
      alarms += 1;
      return setAlarm(...args);
    },
  });
  return () => cursors.reduce((total, cursor) => total + cursor.rowsWritten, alarms);
}
