import { Session } from "sessile";
import { countRows } from "./count-rows.ts";

/** The product as a user would write it, without a record: D1 is measured elsewhere. */
export class BenchSession extends Session<unknown, { readonly topic: string }> {
  readonly kind = "bench";
  readonly initialState = { topic: "bench" };
  readonly #rows: () => number;

  constructor(context: DurableObjectState, env: unknown) {
    super(context, env);
    this.#rows = countRows(context);
  }

  rowsWritten(): number {
    return this.#rows();
  }

  databaseBytes(): number {
    return this.ctx.storage.sql.databaseSize;
  }
}
