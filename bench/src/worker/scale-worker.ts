import { callable, Session, type SessionRecord } from "sessile";
import { createD1Record } from "sessile/d1";
import { createSessile } from "sessile/worker";
import { countRows } from "./count-rows.ts";

interface Env {
  readonly PRICED: DurableObjectNamespace<PricedSession>;
  readonly RECORD: D1Database;
}

const recorded = { rowsWritten: 0, rowsRead: 0, roundTrips: 0 };

/** A session whose record is counted too: what D1 says of each statement. */
export class PricedSession extends Session<Env> {
  readonly kind = "priced";
  readonly initialState = null;
  readonly #rows: () => number;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#rows = countRows(context);
  }

  /** One answer of a model, streamed. */
  readonly answer = callable(async (streamId: string, tokens: number, everyMs: number) => {
    const writer = this.streams.open(streamId);
    const appended: Promise<unknown>[] = [];
    for (let n = 0; n < tokens; n++) {
      appended.push(writer.append("token"));
      await scheduler.wait(everyMs);
    }
    await Promise.all(appended);
    await writer.end();
  });

  override recordOf({ RECORD }: Env): SessionRecord {
    return createD1Record(counting(RECORD));
  }

  rowsWritten(): number {
    return this.#rows();
  }

  databaseBytes(): number {
    return this.ctx.storage.sql.databaseSize;
  }
}

function counting(database: D1Database): Parameters<typeof createD1Record>[0] {
  const count = <T extends D1Result<unknown>>(results: readonly T[]): void => {
    recorded.roundTrips += 1;
    for (const { meta } of results) {
      recorded.rowsWritten += meta.rows_written;
      recorded.rowsRead += meta.rows_read;
    }
  };
  const wrapped = new WeakMap<object, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement) => {
    const one = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      all: async <T>() => {
        const result = await statement.all<T>();
        count([result]);
        return result;
      },
    };
    wrapped.set(one, statement);
    return one;
  };
  return {
    prepare: (query: string) => wrap(database.prepare(query)),
    batch: async (statements: readonly object[]) => {
      const results = await database.batch(statements.map((one) => wrapped.get(one) as D1PreparedStatement));
      count(results);
      return results;
    },
  } as Parameters<typeof createD1Record>[0];
}

const sessile = createSessile<Env>({ kinds: { priced: { binding: "PRICED" } } });

export default {
  async fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
    const [, head, name = ""] = new URL(request.url).pathname.split("/");
    if (head !== "counted") return sessile.fetch(request, env, context);
    const stub = env.PRICED.getByName(name);
    const { results } = await env.RECORD.prepare("SELECT count(*) AS events FROM session_events").all();
    const { meta } = await env.RECORD.prepare("SELECT 1").all();
    return Response.json({
      objectRows: await stub.rowsWritten(),
      objectBytes: await stub.databaseBytes(),
      recordBytes: meta.size_after,
      events: results[0]?.events,
      ...recorded,
    });
  },
};
