import { describe, expect, test } from "vitest";
import type { StorageKeys } from "./storage-keys.ts";
import { assignStorageKeys } from "./storage-keys.ts";

const none: StorageKeys = new Map();
const known = (entries: Record<string, [key: string, binding: string]>): StorageKeys =>
  new Map(Object.entries(entries).map(([name, [key, binding]]) => [name, { key, binding }]));
const keyOf = (keys: StorageKeys, className: string) => keys.get(className)?.key;

describe("storage keys", () => {
  test("a new class gets its own name", () => {
    expect(assignStorageKeys(none, { A: { className: "Alpha" } }, [])).toEqual(
      known({ Alpha: ["Alpha", "A"] }),
    );
  });

  test("a declared rename moves the key, and a new class of the old name starts empty", () => {
    const before = known({ Alpha: ["Alpha", "A"] });
    const declared = { B: { className: "Beta" }, A: { className: "Alpha" } };
    const after = assignStorageKeys(before, declared, [{ from: "Alpha", to: "Beta" }]);
    expect(keyOf(after, "Beta")).toBe("Alpha");
    expect(keyOf(after, "Alpha")).toBe("Alpha-2");
    expect(assignStorageKeys(after, declared, [{ from: "Alpha", to: "Beta" }])).toEqual(after);
  });

  test("an undeclared rename follows the binding", () => {
    const after = assignStorageKeys(known({ Alpha: ["k", "A"] }), { A: { className: "Beta" } }, []);
    expect([...after]).toEqual([["Beta", { key: "k", binding: "A" }]]);
  });

  test("a renamed binding changes nothing but the note", () => {
    const after = assignStorageKeys(known({ Alpha: ["k", "A"] }), { B: { className: "Alpha" } }, []);
    expect([...after]).toEqual([["Alpha", { key: "k", binding: "B" }]]);
  });

  test("two classes that swap their bindings keep their own data", () => {
    const before = known({ Alpha: ["a", "A"], Beta: ["b", "B"] });
    const after = assignStorageKeys(before, { A: { className: "Beta" }, B: { className: "Alpha" } }, []);
    expect([keyOf(after, "Alpha"), keyOf(after, "Beta")]).toEqual(["a", "b"]);
  });

  test("a class that is no longer declared keeps its key for the day it comes back", () => {
    const before = known({ Alpha: ["a", "A"], Beta: ["b", "B"] });
    expect(keyOf(assignStorageKeys(before, { B: { className: "Beta" } }, []), "Alpha")).toBe("a");
  });

  test("two bindings of one class share its key", () => {
    const after = assignStorageKeys(none, { A: { className: "Alpha" }, B: { className: "Alpha" } }, []);
    expect([...after]).toEqual([["Alpha", { key: "Alpha", binding: "A" }]]);
  });
});
