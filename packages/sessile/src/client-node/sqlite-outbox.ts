import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import {
  type DurableStore,
  defaultMaxStoredChars,
  durable,
  type OutboxAddress,
  type OutboxJournal,
  type StoredCommand,
} from "../client/index.ts";
import { type LifeLock, sweepLifeLocks, takeLifeLock } from "./life-lock.ts";

export interface SqliteOutboxOptions {
  /** Characters that the commands of one client may take up. Default 16 Mi. */
  readonly maxChars?: number;
}

/** Owner of what a client left that was closed. */
const nobody = "nobody";
/** Two processes may write at the same moment; each is done in milliseconds. */
const busyTimeoutMs = 5_000;

const schema = `
  CREATE TABLE IF NOT EXISTS outbox_command (
    id TEXT PRIMARY KEY, session TEXT NOT NULL, owner TEXT NOT NULL, position INTEGER NOT NULL,
    command TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS outbox_command_by_owner ON outbox_command (session, owner, position);
  CREATE TABLE IF NOT EXISTS outbox_actor (server TEXT PRIMARY KEY, actor TEXT) WITHOUT ROWID;
`;

/**
 * Commands that outlive the process, in one SQLite file, which any number of processes may share. Files beside it
 * (`{path}-owner-…`) tell which of them live; they go by themselves.
 */
export function sqliteOutbox(path: string, options: SqliteOutboxOptions = {}): DurableStore {
  const { maxChars = defaultMaxStoredChars } = options;
  let file: OutboxFile | null = null;
  return durable({
    maxChars,
    open: async (address) => {
      if (!file?.isOpen) file = new OutboxFile(path);
      return file.journal(address);
    },
  });
}

/** The file as long as a client of this process uses it. */
class OutboxFile {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #owner: string;
  readonly #life: LifeLock;
  readonly #parts = new Set<string>();
  #count = 0;

  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#database = new DatabaseSync(path, { timeout: busyTimeoutMs });
    try {
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      this.#database.exec(schema);
      sweepLifeLocks(this.#lockOf(""));
      [this.#owner, this.#life] = this.#beginLife();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#database.isOpen;
  }

  journal(address: OutboxAddress): OutboxJournal {
    this.#count += 1;
    const part = `${this.#owner}/${this.#count}`;
    this.#parts.add(part);
    return new Journal(this, address, part);
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Record<string, unknown>[] {
    return this.#database.prepare(sql).all(...values);
  }

  /** Runs it as one transaction, on disk when it returns. */
  write<Result>(body: (run: (sql: string, ...values: SQLInputValue[]) => void) => Result): Result {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = body((sql, ...values) => void this.#database.prepare(sql).run(...values));
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Runs it if whoever owned the part is gone. */
  inherit(part: string, take: () => void): void {
    if (this.#parts.has(part)) return;
    const [owner = ""] = part.split("/");
    if (owner === nobody || owner === this.#owner) {
      take();
      return;
    }
    const lock = takeLifeLock(this.#lockOf(owner));
    if (!lock) return;
    try {
      take();
    } finally {
      lock.release();
    }
  }

  release(part: string): void {
    if (!this.#parts.delete(part) || this.#parts.size > 0) return;
    this.#life.release();
    this.#database.close();
  }

  #beginLife(): [string, LifeLock] {
    for (;;) {
      const owner = randomUUID();
      const life = takeLifeLock(this.#lockOf(owner));
      if (life) return [owner, life];
    }
  }

  #lockOf(owner: string): string {
    return `${this.#path}-owner-${owner}`;
  }
}

class Journal implements OutboxJournal {
  readonly #file: OutboxFile;
  readonly #address: OutboxAddress;
  readonly #part: string;
  #next = 0;

  constructor(file: OutboxFile, address: OutboxAddress, part: string) {
    this.#file = file;
    this.#address = address;
    this.#part = part;
  }

  async claim(): Promise<readonly StoredCommand[]> {
    const { session } = this.#address;
    const claimed: StoredCommand[] = [];
    const others = this.#file.all(
      "SELECT DISTINCT owner FROM outbox_command WHERE session = ? AND owner <> ?",
      session,
      this.#part,
    );
    for (const { owner } of others)
      this.#file.inherit(String(owner), () => claimed.push(...this.#take(String(owner))));
    return claimed;
  }

  async put(commands: readonly StoredCommand[]): Promise<void> {
    this.#file.write((run) => {
      for (const command of commands)
        run(
          `INSERT INTO outbox_command VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET command = excluded.command`,
          command.id,
          this.#address.session,
          this.#part,
          this.#next++,
          JSON.stringify(command),
        );
    });
  }

  async remove(ids: readonly string[]): Promise<void> {
    this.#file.write((run) => {
      for (const id of ids) run("DELETE FROM outbox_command WHERE id = ?", id);
    });
  }

  async actor(): Promise<string | null | undefined> {
    const [row] = this.#file.all("SELECT actor FROM outbox_actor WHERE server = ?", this.#address.server);
    return row?.actor as string | null | undefined;
  }

  async setActor(actor: string | null): Promise<void> {
    this.#file.write((run) =>
      run("INSERT OR REPLACE INTO outbox_actor VALUES (?, ?)", this.#address.server, actor),
    );
  }

  async close(): Promise<void> {
    try {
      // Its process may live on without ever coming back to this session.
      this.#file.write((run) =>
        run(
          "UPDATE outbox_command SET owner = ? WHERE session = ? AND owner = ?",
          `${nobody}/${randomUUID()}`,
          this.#address.session,
          this.#part,
        ),
      );
    } finally {
      this.#file.release(this.#part);
    }
  }

  #take(owner: string): readonly StoredCommand[] {
    const { session } = this.#address;
    return this.#file.write((run) => {
      const rows = this.#file.all(
        "SELECT id, command FROM outbox_command WHERE session = ? AND owner = ? ORDER BY position",
        session,
        owner,
      );
      for (const { id } of rows)
        run(
          "UPDATE outbox_command SET owner = ?, position = ? WHERE id = ?",
          this.#part,
          this.#next++,
          id as string,
        );
      return rows.map(commandOf);
    });
  }
}

/** What cannot be read is handed over as an empty text, which no command is. */
function commandOf({ id, command }: Record<string, unknown>): StoredCommand {
  try {
    return JSON.parse(command as string) as StoredCommand;
  } catch {
    return { id: id as string, text: "", queuedAt: 0 };
  }
}
