import { callable, Session } from "sessile";
import { tokenLetter } from "../token-letter.ts";
import { type BenchBoard, type BenchOrder, followOrder } from "./bench-order.ts";
import { countRows } from "./count-rows.ts";

/** The product as a user would write it, without a record: D1 is measured elsewhere. */
export class BenchSession extends Session<unknown, BenchBoard> {
  readonly kind = "bench";
  readonly initialState: BenchBoard = { count: 0, messages: [] };
  override readonly limits = { maxStreamReaders: 10_000 };
  readonly #rows: () => number;

  readonly order = callable((order: BenchOrder) => this.setState(followOrder(this.state, order)));

  /** Appends chunks at a pace; each begins with the time it was given, if it is long enough. */
  readonly pace = callable(
    async (streamId: string, count: number, everyMs: number, chars: number, end: boolean) => {
      const writer = this.streams.open(streamId);
      const appended: Promise<unknown>[] = [];
      const startedAt = Date.now();
      for (let n = 0; n < count; n++) {
        const time = String(Date.now());
        appended.push(
          writer.append(time.length > chars ? tokenLetter.repeat(chars) : time.padEnd(chars, "x")),
        );
        // To the clock, or the pace would be what is left after each wait's own delay.
        const waitMs = startedAt + (n + 1) * everyMs - Date.now();
        if (waitMs > 0) await scheduler.wait(waitMs);
        if (appended.length >= 16 && everyMs === 0) await Promise.all(appended.splice(0));
      }
      await Promise.all(appended);
      if (end) await writer.end();
    },
  );

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
