import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import { sqlContract } from "../../src/testing/sql-contract.ts";
import { bundle } from "../bundle.ts";

const folder = temporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await serve({
    worker: { source: await bundle(fileURLToPath(new URL("fixture-sql.ts", import.meta.url))) },
    dir: folder.path,
    port: 0,
    compatibilityDate,
    durableObjects: { CONTRACT: { className: "SqlContractObject" } },
    log: () => {},
  });
});
afterAll(async () => {
  await server?.close();
  folder[Symbol.dispose]();
});

describe("a Durable Object's own database keeps the storage port's promises", () => {
  test.each(sqlContract.map(({ title }, index) => [title, index] as const))("%s", async (_, index) => {
    const response = await fetch(`${server.url}/${index}`);
    expect(await response.text()).toBe("kept");
  });
});
