// Runs contracts of storage where Durable Objects and D1 run, each case in an object or session of its own.
import { DurableObject } from "cloudflare:workers";
import { DurableSql } from "../../src/object/durable-sql.ts";
import { createObjectStateStore } from "../../src/object/object-state-store.ts";
import {
  createD1StateStore,
  createD1UsageStore,
  createSqlStateStore,
  initialSessionState,
} from "../../src/stores/index.ts";
import { sqlContract } from "../../src/testing/sql-contract.ts";
import { type StateStoreHarness, stateStoreContract } from "../../src/testing/state-store-contract.ts";
import { faultyD1, faultySql, StatementFaults } from "../../src/testing/statement-faults.ts";
import { usageStoreContract } from "../../src/testing/usage-store-contract.ts";

interface Env {
  readonly CONTRACT: DurableObjectNamespace<ContractObject>;
  readonly STORE: D1Database;
  readonly OLDER: D1Database;
}

export class ContractObject extends DurableObject {
  sql(index: number): string {
    try {
      sqlContract[index]?.run(new DurableSql(this.ctx.storage));
      return "kept";
    } catch (thrown) {
      return String(thrown);
    }
  }

  store(index: number): Promise<string> {
    const faults = new StatementFaults();
    return keeps(index, createSqlStateStore(faultySql(new DurableSql(this.ctx.storage), faults)), faults);
  }

  /** Makes the tables of an older version as they were, or reads them with a store of today. */
  older(dump: string | null): unknown {
    const { sql } = this.ctx.storage;
    if (dump === null) return createObjectStateStore(this.ctx.storage).loadState("old");
    sql.exec(dump);
    return null;
  }
}

export default {
  async fetch(request: Request, env: Env) {
    const [, contract = "", number] = new URL(request.url).pathname.split("/");
    const index = Number(number);
    const object = env.CONTRACT.getByName(`${contract}-${number}`);
    switch (contract) {
      case "sql":
        return new Response(await object.sql(index));
      case "object":
        return new Response(await object.store(index));
      case "older":
        return Response.json(await object.older(request.method === "POST" ? await request.text() : null));
      case "usage":
        await usageStoreContract[index]?.run(createD1UsageStore(env.STORE), `session-${index}`);
        return new Response("kept");
      case "older-d1": {
        const statements = (await request.text()).split(/;\n/).filter((each) => each.trim() !== "");
        await env.OLDER.batch(statements.map((each) => env.OLDER.prepare(each)));
        return Response.json(await createD1StateStore(env.OLDER).loadState("old"));
      }
      case "bookmark": {
        const from = new URL(request.url).searchParams.get("from") ?? "first-primary";
        const store = createD1StateStore(env.STORE, { from });
        const created = await store.createSession("bookmarked", initialSessionState("writer", "stream"));
        return Response.json({
          created,
          exists: await store.sessionExists("bookmarked"),
          bookmark: store.bookmark(),
        });
      }
      default: {
        const faults = new StatementFaults();
        return new Response(await keeps(index, createD1StateStore(faultyD1(env.STORE, faults)), faults));
      }
    }
  },
};

async function keeps(
  index: number,
  store: StateStoreHarness["store"],
  faults: StatementFaults,
): Promise<string> {
  const harness = {
    store,
    failAt: (n: number) => faults.failAt(n),
    get count() {
      return faults.count;
    },
  };
  try {
    await stateStoreContract[index]?.run(harness, `session-${index}`);
    return "kept";
  } catch (thrown) {
    return String(thrown);
  }
}
