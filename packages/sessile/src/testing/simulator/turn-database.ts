import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Disk } from "./disk.ts";

/** An error of the disk that the simulator made. */
export class InjectedFailure extends Error {}

/** What happens at the statement a fuse was set to. */
export type FuseKind =
  /** The process dies: the turn is undone, and what its code still does has no effect. */
  | "kill"
  /** The statement fails, and so will the turn's commit, as on a full disk. */
  | "doom"
  /** A COMMIT fails and the instance lives on, which the kernel promises to bear (CM7). */
  | "fail";

type Bound = null | number | string | Uint8Array;

/**
 * A database whose writes of one turn of the event loop become durable together, as those of a Durable Object do: the
 * platform opens a transaction by itself and commits it when the turn ends. Looks like a `DatabaseSync` to `NodeSql`.
 */
export class TurnDatabase {
  readonly #database: DatabaseSync;
  readonly #statements: Map<string, StatementSync>;
  #fuse: { left: number; readonly kind: FuseKind } | null = null;
  #isOpen = false;
  #depth = 0;
  /** Whether the open turn has written anything. */
  hasWritten = false;
  isKilled = false;
  isDoomed = false;

  /** Whether an instance was ever told of a failure and lived on, which the platform itself never lets happen. */
  hasOutlivedFailure = false;

  constructor({ database, statements }: Disk) {
    this.#database = database;
    this.#statements = statements;
  }

  /** The instance has given itself up: what this turn wrote is lost, as with any death before the commit. */
  doom(): void {
    this.isDoomed = true;
  }

  get isTransaction(): boolean {
    return this.#depth > 0;
  }

  /** The statement after `statements` others will be the one. */
  setFuse(kind: FuseKind, statements: number): void {
    this.#fuse = { kind, left: statements };
  }

  clearFuse(): void {
    this.#fuse = null;
  }

  /** Rows as they are on disk, past every fault. */
  peek(query: string, ...values: Bound[]): Record<string, unknown>[] {
    return this.#statement(query).all(...values);
  }

  #statement(query: string): StatementSync {
    let statement = this.#statements.get(query);
    if (!statement) {
      statement = this.#database.prepare(query);
      this.#statements.set(query, statement);
    }
    return statement;
  }

  exec(query: string): void {
    if (!this.#mayRun(query)) return;
    if (query === "BEGIN IMMEDIATE") {
      this.#depth = 1;
      this.#database.exec("SAVEPOINT explicit");
    } else if (query === "COMMIT") {
      this.#database.exec("RELEASE explicit");
      this.#depth = 0;
    } else if (query === "ROLLBACK") {
      this.#database.exec("ROLLBACK TO explicit; RELEASE explicit");
      this.#depth = 0;
    } else {
      this.#database.exec(query);
    }
  }

  prepare(query: string): { all: (...values: Bound[]) => Record<string, unknown>[] } {
    return {
      all: (...values) => {
        if (!this.#mayRun(query)) return [];
        if (!query.startsWith("SELECT")) this.hasWritten = true;
        return this.#statement(query).all(...values);
      },
    };
  }

  /** Ends the turn well. @returns whether there was anything to commit */
  commitTurn(): boolean {
    const { hasWritten } = this;
    if (this.#isOpen) this.#database.exec("RELEASE turn");
    this.#reset();
    return hasWritten;
  }

  undoTurn(): void {
    if (this.#isOpen) this.#database.exec("ROLLBACK TO turn; RELEASE turn");
    this.#reset();
  }

  #reset(): void {
    this.#isOpen = false;
    this.#depth = 0;
    this.hasWritten = false;
    this.isKilled = false;
    this.isDoomed = false;
  }

  /** Counts towards the fuse. @returns false for a process that is dead: its statements reach no disk */
  #mayRun(query: string): boolean {
    if (this.isKilled) return false;
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#database.exec("SAVEPOINT turn");
    }
    const isUndoing = query.startsWith("ROLLBACK");
    if (!this.#fuse || isUndoing || !this.#isDue(query)) return true;
    const { kind } = this.#fuse;
    this.#fuse = null;
    if (kind === "kill") this.isKilled = true;
    if (kind === "doom") this.isDoomed = true;
    if (kind === "fail") this.hasOutlivedFailure = true;
    throw new InjectedFailure(`disk I/O error (${kind})`);
  }

  /** A failure that the instance outlives strikes commits only, and counts nothing else. */
  #isDue(query: string): boolean {
    const fuse = this.#fuse as { left: number; readonly kind: FuseKind };
    if (fuse.kind === "fail" && query !== "COMMIT") return false;
    fuse.left -= 1;
    return fuse.left < 0;
  }
}
