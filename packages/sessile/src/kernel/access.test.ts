import { describe, expect, test } from "vitest";
import { changedAccess, maxMembers } from "./access.ts";

const ada = { id: "ada", name: "Ada" };
const owned = { ownerId: "ada", visibility: "private", members: { bob: ["read", "admin"] } } as const;
const people = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`person-${n}`, ["read"] as const]));

describe("AC5 what a change leaves", () => {
  test("what it does not name stays", () => {
    expect(changedAccess(owned, ada, { visibility: "public" })).toEqual({ ...owned, visibility: "public" });
    expect(changedAccess(undefined, null, {})).toEqual({ ownerId: null, visibility: "private", members: {} });
  });

  test("rights are replaced by person, each once, and an empty list ends them", () => {
    const shared = changedAccess(owned, ada, { members: { cleo: ["read", "write", "read"] } });
    expect(shared.members).toEqual({ bob: ["read", "admin"], cleo: ["read", "write"] });
    expect(changedAccess(shared, ada, { members: { bob: [] } }).members).toEqual({ cleo: ["read", "write"] });
  });
});

describe("AC6 who may give it away", () => {
  test("nobody but its owner, however much else they may do", () => {
    expect(() => changedAccess(owned, { id: "bob" }, { ownerId: "bob" })).toThrow(
      expect.objectContaining({ code: "forbidden", details: { field: "ownerId" } }),
    );
    expect(changedAccess(owned, { id: "bob" }, { ownerId: "ada" }).ownerId).toBe("ada");
  });

  test("the session's own code, and anyone who makes a session that is nobody's", () => {
    expect(changedAccess(owned, null, { ownerId: "bob" }).ownerId).toBe("bob");
    expect(changedAccess(undefined, ada, { ownerId: "ada" }).ownerId).toBe("ada");
  });

  test("the new owner is no member, and the old one keeps no right", () => {
    expect(changedAccess(owned, ada, { ownerId: "bob" })).toEqual({ ...owned, ownerId: "bob", members: {} });
  });

  test("at most a hundred members", () => {
    const full = changedAccess(owned, ada, { members: { bob: [], ...people(maxMembers) } });
    expect(Object.keys(full.members)).toHaveLength(100);
    expect(() => changedAccess(full, ada, { members: { cleo: ["read"] } })).toThrow(
      expect.objectContaining({ code: "limit_exceeded", details: { field: "members", limit: "maxMembers" } }),
    );
    expect(changedAccess(full, ada, { members: { "person-0": [], cleo: ["read"] } }).members).toHaveProperty(
      "cleo",
    );
  });

  test("a person called __proto__ is a person", () => {
    const change = JSON.parse('{"members":{"__proto__":["read"]}}');
    expect(Object.keys(changedAccess(owned, ada, change).members)).toEqual(["bob", "__proto__"]);
  });
});
