// Runs the storage port's contract where Durable Objects run, each case in an object of its own.
import { DurableObject } from "cloudflare:workers";
import { DurableSql } from "../../src/object/durable-sql.ts";
import { sqlContract } from "../../src/testing/sql-contract.ts";

export class SqlContractObject extends DurableObject {
  run(index: number): string {
    try {
      sqlContract[index]?.run(new DurableSql(this.ctx.storage));
      return "kept";
    } catch (thrown) {
      return String(thrown);
    }
  }
}

export default {
  async fetch(request: Request, env: { readonly CONTRACT: DurableObjectNamespace<SqlContractObject> }) {
    const index = Number(new URL(request.url).pathname.slice(1));
    return new Response(await env.CONTRACT.getByName(`case-${index}`).run(index));
  },
};
