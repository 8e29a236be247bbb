import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Server, serve } from "../../src/node/index.ts";
import { compatibilityDate, temporaryFolder } from "../../src/node/server/fixtures/processes.ts";
import { sqlContract } from "../../src/testing/sql-contract.ts";
import { stateStoreContract } from "../../src/testing/state-store-contract.ts";
import { usageStoreContract } from "../../src/testing/usage-store-contract.ts";
import { bundle } from "../bundle.ts";

const folder = temporaryFolder();
let server: Server;

beforeAll(async () => {
  server = await serve({
    worker: { source: await bundle(fileURLToPath(new URL("fixture-sql.ts", import.meta.url))) },
    dir: folder.path,
    port: 0,
    compatibilityDate,
    durableObjects: { CONTRACT: { className: "ContractObject" } },
    d1: ["STORE", "OLDER"],
    log: () => {},
  });
});
afterAll(async () => {
  await server?.close();
  folder[Symbol.dispose]();
});

const asked = async (path: string, init?: RequestInit) => (await fetch(`${server.url}/${path}`, init)).text();
const titles = (cases: readonly { readonly title: string }[]) =>
  cases.map(({ title }, index) => [title, index] as const);

describe("a Durable Object's own database keeps the storage port's promises", () => {
  test.each(titles(sqlContract))("%s", async (_, index) => {
    expect(await asked(`sql/${index}`)).toBe("kept");
  });
});

describe.each(["object", "d1"])("%s keeps what a state store promises", (place) => {
  test.each(titles(stateStoreContract))("%s", async (_, index) => {
    expect(await asked(`${place}/${index}`)).toBe("kept");
  });
});

describe("d1 keeps what a usage store promises", () => {
  test.each(titles(usageStoreContract))("%s", async (_, index) => {
    expect(await asked(`usage/${index}`)).toBe("kept");
  });
});

const fixture = (name: string): string =>
  readFileSync(new URL(`../../src/stores/fixtures/${name}.sql`, import.meta.url), "utf8");

test.each([1, 4])("AS18 an object of version %i is upgraded by its next use", async (version) => {
  await asked(`older/${version}`, { method: "POST", body: fixture(`object-v${version}`) });
  expect(JSON.parse(await asked(`older/${version}`))).toMatchObject({
    version: version >= 3 ? 7 : 1,
    messageCount: 3,
    checkpointId: "cp-2",
    completedClientToolCalls: version >= 4 ? { "call-0": { at: 1 } } : {},
  });
});

test("AS18 real D1 of version 1 keeps its rows", async () => {
  const state = JSON.parse(await asked("older-d1/1", { method: "POST", body: fixture("d1-v1") }));
  expect(state).toMatchObject({
    version: 1,
    messageCount: 3,
    checkpointId: "cp-2",
    customState: { plan: [1, 2] },
  });
});

test("AS19 a store of real D1 says how far it has seen, and another goes on from there", async () => {
  const first = JSON.parse(await asked("bookmark/1"));
  expect(first).toMatchObject({ created: true, exists: true, bookmark: expect.stringMatching(/.+/) });
  const next = JSON.parse(await asked(`bookmark/2?from=${first.bookmark}`));
  expect(next).toMatchObject({ created: false, exists: true });
});
