import { expect, test } from "vitest";
import { readRuntimeMessage } from "./runtime-message.ts";

test("of workerd's own exceptions the addresses in its program are left out, the words stay", () => {
  const lookup =
    "e = rust/worker/ffi.rs:104: failed: failed to lookup address information: Name or service not known\n" +
    "stack: /app/bin/workerd@2b5edc0 /app/bin/workerd@3fe4230; sentryErrorContext = jsgInternalError; wdErrId = qvkvrpch";
  expect(readRuntimeMessage(lookup)).toEqual({
    from: "server",
    message: "failed to lookup address information: Name or service not known",
  });
});

test("that an alarm was set anew while it rang is nobody's business", () => {
  const note =
    "NOSENTRY SQLite alarm handler canceled with requestScheduledAlarm.; scheduledTime = 1795284032.933s";
  expect(readRuntimeMessage(note)).toBeNull();
});

test("what the Worker logs stays as it is", () => {
  const logged = "stack: Error: no\n    at run (worker.js:1:2)";
  expect(readRuntimeMessage(logged)).toEqual({ from: "worker", message: logged });
});
