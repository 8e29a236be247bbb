import { expect, test } from "vitest";
import { openSqliteD1 } from "./sqlite-d1.ts";
import { createTokenStore } from "./token-store.ts";

const ada = { id: "ada", name: "Ada" };
const hourMs = 3_600_000;

test("AC8 a token is found by its hash until the moment it expires, and by nothing else", async () => {
  const store = createTokenStore(openSqliteD1());
  await store.create({ tokenId: "t", hash: "h" }, ada, { label: "ci", rights: ["read"], expiresAt: 2000 }, 0);
  expect(await store.find("h", 1999)).toEqual({ actor: ada, rights: ["read"] });
  expect(await store.find("h", 2000)).toBeNull();
  expect(await store.find("t", 0)).toBeNull();
});

test("AC8 a token without an end never expires, and is gone once its owner revokes it", async () => {
  const store = createTokenStore(openSqliteD1());
  await store.create(
    { tokenId: "t", hash: "h" },
    ada,
    { label: "ci", rights: ["write"], expiresAt: null },
    0,
  );
  expect(await store.find("h", 1e15)).not.toBeNull();
  expect(await store.revoke("bob", "t")).toBe(false);
  expect(await store.revoke("ada", "t")).toBe(true);
  expect(await store.find("h", 1)).toBeNull();
  expect(await store.list("ada")).toEqual([]);
});

test("AC8 use is noted to the hour", async () => {
  const store = createTokenStore(openSqliteD1());
  await store.create({ tokenId: "t", hash: "h" }, ada, { label: "ci", rights: ["read"], expiresAt: null }, 0);
  const lastUsedAt = async () => (await store.list("ada"))[0]?.lastUsedAt;
  expect(await lastUsedAt()).toBeNull();
  for (const [now, noted] of [
    [5, 5],
    [hourMs, 5],
    [hourMs + 5, hourMs + 5],
  ] as const) {
    await store.find("h", now);
    expect(await lastUsedAt()).toBe(noted);
  }
});
