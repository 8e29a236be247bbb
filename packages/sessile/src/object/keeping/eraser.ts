import { closeCodes } from "../../protocol/close-code.ts";
import { SessileError } from "../../protocol/error.ts";
import type { SessionAddress } from "../../protocol/family.ts";
import type { SessionRecord } from "../../record/index.ts";
import { closeSocket } from "../close-socket.ts";

/** The part of an R2 bucket that deleting takes. */
export interface ErasableBucket {
  list(options: { readonly prefix: string; readonly cursor?: string }): Promise<{
    readonly objects: readonly { readonly key: string }[];
    readonly truncated: boolean;
    readonly cursor?: string;
  }>;
  delete(keys: string[]): Promise<void>;
}

/** What is left of a session that was deleted, or is being deleted. */
export interface Deletion {
  /** The platform does not tell it to every instance. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly deletedAt: number;
  /** Whose the address stays; null where sessions have no owners. */
  readonly ownerId: string | null;
  /** Everything is gone; until then whoever wakes goes on with it. */
  readonly isDone: boolean;
}

export interface EraserOptions {
  readonly context: DurableObjectState;
  readonly kind: string;
  readonly record: SessionRecord | null;
  readonly archive: ErasableBucket | null;
  readonly parts: ErasableBucket | null;
  /** Told of the session's children, before anything of it goes. */
  readonly orphan: (children: readonly SessionAddress[]) => Promise<void>;
  /** Resolves when this instance puts nothing into a bucket any more. */
  readonly atRest: () => Promise<void>;
}

/** An instance that dies while it deletes has a successor after this. */
const lifelineMs = 5000;

export function readDeletion({ id, storage: { sql } }: DurableObjectState): Deletion | null {
  const known = sql.exec("SELECT 1 FROM sqlite_master WHERE name = '_sessile_deletion'").toArray();
  const row = known[0] && sql.exec("SELECT * FROM _sessile_deletion").toArray()[0];
  if (!row) return null;
  return {
    // Older rows have none.
    name: String(row.name ?? id.name ?? ""),
    deletedAt: Number(row.deleted_at),
    ownerId: row.owner_id === null ? null : String(row.owner_id),
    isDone: row.is_done === 1,
  };
}

/** Of a session whose own database handle is closed. */
function childrenIn({ sql }: DurableObjectStorage): readonly SessionAddress[] {
  const isThere = sql.exec("SELECT 1 FROM sqlite_master WHERE name = '_sessile_child'").toArray().length > 0;
  if (!isThere) return [];
  const rows = sql.exec("SELECT kind, name FROM _sessile_child").toArray();
  return rows.map(({ kind, name }) => ({ kind: String(kind), name: String(name) }));
}

/** Whether an import that came to nothing has left something. */
function holdsMore({ sql }: DurableObjectStorage): boolean {
  const others =
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*' AND name <> '_sessile_deletion' LIMIT 1";
  return sql.exec(others).toArray().length > 0;
}

export function deletedError(): SessileError {
  return new SessileError("not_found", "This session was deleted.");
}

/**
 * Deletes a session wherever it lies. First a row says so, and from then on nothing else of the session runs; so it does not
 * matter where an instance dies: the next one begins again, and every step may be repeated. The row is what stays.
 */
export class Eraser {
  readonly #options: EraserOptions;
  #running: Promise<Deletion> | null = null;
  #readmitting: Promise<void> | null = null;

  constructor(options: EraserOptions) {
    this.#options = options;
  }

  /** From here on there is no way back. */
  begin(name: string, ownerId: string | null, now: number): Deletion {
    const { storage } = this.#options.context;
    const deletion = { name, deletedAt: now, ownerId, isDone: false };
    this.#write(deletion);
    void storage.setAlarm(now + lifelineMs);
    return deletion;
  }

  /** Closes every socket. What still arrives on one is nobody's, also when the address has been used anew. */
  dismiss(): void {
    for (const socket of this.#options.context.getWebSockets()) {
      socket.serializeAttachment(null);
      closeSocket(socket, closeCodes.gone, deletedError().message);
    }
  }

  /** Goes on until nothing is left. Callers at the same time share one run. @throws what does not answer; to be repeated */
  run(deletion: Deletion): Promise<Deletion> {
    this.#running ??= this.#erase(deletion).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** For an import: the record takes the session again. Callers at the same time share it. */
  readmit(name: string): Promise<void> {
    this.#readmitting ??= this.#readmit(name).finally(() => {
      this.#readmitting = null;
    });
    return this.#readmitting;
  }

  /** Resolves when no import is at that: a deletion in between would take from the record what the import then brings. */
  async readmitted(): Promise<void> {
    await this.#readmitting?.catch(() => undefined);
  }

  /** The address may be used anew. */
  free(): void {
    this.#options.context.storage.sql.exec("DROP TABLE IF EXISTS _sessile_deletion");
  }

  /** The address is not free after all. */
  putBack(deletion: Deletion): void {
    this.#write(deletion);
  }

  async #readmit(name: string): Promise<void> {
    const { record, kind } = this.#options;
    // A repeated deletion that is under way would do the same.
    await this.#running?.catch(() => undefined);
    await record?.readmitSession(kind, name);
  }

  async #erase(deletion: Deletion): Promise<Deletion> {
    const { context, kind, record, archive, parts, orphan, atRest } = this.#options;
    const { name } = deletion;
    if (!deletion.isDone) {
      await context.storage.setAlarm(Date.now() + lifelineMs);
      await atRest();
      await orphan(childrenIn(context.storage));
    }
    // Again in a repeat: a backup may have brought them back meanwhile.
    await record?.deleteSession(kind, name, deletion.deletedAt);
    if (archive) await emptyFolder(archive, `${kind}/${name}/`);
    if (parts) await emptyFolder(parts, `parts/${kind}/${name}/`);
    if (deletion.isDone && !holdsMore(context.storage)) return deletion;
    await context.storage.deleteAlarm();
    await context.storage.deleteAll();
    const done = { ...deletion, isDone: true };
    this.#write(done);
    return done;
  }

  #write({ name, deletedAt, ownerId, isDone }: Deletion): void {
    const { storage } = this.#options.context;
    storage.transactionSync(() => {
      storage.sql.exec(
        "CREATE TABLE IF NOT EXISTS _sessile_deletion (id INTEGER PRIMARY KEY CHECK (id = 1), deleted_at INTEGER NOT NULL, owner_id TEXT, is_done INTEGER NOT NULL, name TEXT NOT NULL)",
      );
      storage.sql.exec(
        "INSERT OR REPLACE INTO _sessile_deletion VALUES (1, ?, ?, ?, ?)",
        deletedAt,
        ownerId,
        isDone ? 1 : 0,
        name,
      );
    });
  }
}

/** Only what lies right in the folder: the two buckets may be one. */
async function emptyFolder(bucket: ErasableBucket, prefix: string): Promise<void> {
  for (let cursor: string | undefined; ; ) {
    const page = await bucket.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
    const keys = page.objects.map(({ key }) => key).filter((key) => !key.slice(prefix.length).includes("/"));
    if (keys.length > 0) await bucket.delete(keys);
    if (!page.truncated) return;
    cursor = page.cursor;
  }
}
