import {
  type InspectedDue,
  type InspectedTable,
  type InspectedWork,
  maxCountedRows,
  maxInspected,
} from "../protocol/inspection.ts";
import { numberAt, type Sql, textAt } from "./sql.ts";

/** What the alarm will do, earliest first. */
export function inspectDue(sql: Sql): readonly InspectedDue[] {
  return sql
    .exec(
      "SELECT timer_id, name, due_at, attempts FROM _sessile_timer ORDER BY due_at, timer_id LIMIT ?",
      maxInspected,
    )
    .map((row) => ({
      timerId: textAt(row, "timer_id"),
      name: textAt(row, "name"),
      dueAt: numberAt(row, "due_at"),
      attempts: numberAt(row, "attempts"),
    }));
}

/** Work that runs, with how far its journal is. */
export function inspectWork(sql: Sql): readonly InspectedWork[] {
  return sql
    .exec(
      "SELECT work_id, name, (SELECT count(*) FROM _sessile_step AS step WHERE step.work_id = work.work_id) AS steps FROM _sessile_work AS work WHERE status = 'running' ORDER BY work_id LIMIT ?",
      maxInspected,
    )
    .map((row) => ({
      workId: textAt(row, "work_id"),
      name: textAt(row, "name"),
      steps: numberAt(row, "steps"),
    }));
}

/** The kind's tables first. Counting ends early, for each row that is counted is billed. */
export function inspectTables(sql: Sql): readonly InspectedTable[] {
  return sql
    .exec(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*' AND name NOT IN ('_sessile_draft', '_sessile_continuation') ORDER BY name GLOB '_sessile_*', name LIMIT ?",
      maxInspected,
    )
    .map((row) => {
      const name = textAt(row, "name");
      const table = `"${name.replaceAll('"', '""')}"`;
      const [counted] = sql.exec(
        `SELECT count(*) AS rows FROM (SELECT 1 FROM ${table} LIMIT ${maxCountedRows})`,
      );
      return { name, rows: counted ? numberAt(counted, "rows") : 0 };
    });
}
