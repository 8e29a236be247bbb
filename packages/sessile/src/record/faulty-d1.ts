import type { D1Database, D1PreparedStatement } from "./d1.ts";

/** Where a query fails: before it is carried out, or after, so that only its answer is lost. */
export type Fault = "before" | "after";

export interface FaultyD1 extends D1Database {
  /** Queries and batches so far. */
  readonly calls: () => number;
  /** The `call`-th query from now (1 is the next) fails. */
  failAt(call: number, fault: Fault): void;
  /** Every query fails until `heal`, by default before it is carried out. */
  fail(fault?: Fault): void;
  heal(): void;
}

interface Wrapped extends D1PreparedStatement {
  readonly inner: D1PreparedStatement;
}

/** A database whose answers can be lost, for tests. */
export function withFaults(db: D1Database): FaultyD1 {
  let calls = 0;
  let planned: { call: number; fault: Fault } | null = null;
  let down: Fault | null = null;

  const attempt = async <T>(run: () => Promise<T>): Promise<T> => {
    calls++;
    const fault = down ?? (planned?.call === calls ? planned.fault : null);
    if (fault === "before") throw new Error("D1_ERROR: Network connection lost.");
    const answer = await run();
    if (fault === "after") throw new Error("D1_ERROR: Network connection lost.");
    return answer;
  };
  const wrap = (inner: D1PreparedStatement): Wrapped => ({
    inner,
    bind: (...values) => wrap(inner.bind(...values)),
    all: <Row>() => attempt(() => inner.all<Row>()),
  });
  return {
    prepare: (query) => wrap(db.prepare(query)),
    batch: <Row>(statements: D1PreparedStatement[]) =>
      attempt(() => db.batch<Row>(statements.map((statement) => (statement as Wrapped).inner))),
    calls: () => calls,
    failAt(call, fault) {
      planned = { call: calls + call, fault };
    },
    fail(fault = "before") {
      down = fault;
    },
    heal() {
      down = null;
      planned = null;
    },
  };
}
