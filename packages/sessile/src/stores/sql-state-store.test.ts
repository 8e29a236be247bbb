import { expect, test } from "vitest";
import { initialSessionState } from "../protocol/session-state.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { createSqlStateStore } from "./index.ts";

test("AS21 inside a commit the store's writes are part of it, and go with it if it fails", () => {
  const { kernel, sql, now } = new KernelFixture();
  const store = createSqlStateStore(sql).sync;
  store.createSession("a", initialSessionState("writer", "stream"));
  kernel.write(null, now, (writer) => {
    writer.append("message", { text: "hi" });
    expect(store.appendMessages("a", [{ role: "user", content: "hi" }])).toBe(1);
  });
  const { lastSeq } = kernel.view;
  expect(() =>
    kernel.write(null, now, (writer) => {
      writer.append("message", { text: "lost" });
      store.appendMessages("a", [{ role: "user", content: "lost" }]);
      throw new Error("stop");
    }),
  ).toThrow("stop");
  expect([kernel.view.lastSeq, store.getMessageCount("a")]).toEqual([lastSeq, 1]);
});

test("AS21 a commit that used the store first, and failed, leaves it as good as new", () => {
  const { kernel, sql, now } = new KernelFixture();
  const store = createSqlStateStore(sql).sync;
  const create = () => store.createSession("a", initialSessionState("writer", "stream"));
  expect(() =>
    kernel.write(null, now, () => {
      create();
      throw new Error("stop");
    }),
  ).toThrow("stop");
  expect(create()).toBe(true);
  expect(store.getMessageCount("a")).toBe(0);
});
