import { APICallError, LoadAPIKeyError } from "ai";
import { expect, test } from "vitest";
import { SessileError } from "../../protocol/index.ts";
import { retryDelayMs } from "./retry-delay.ts";

const refused = (statusCode: number, responseHeaders: Record<string, string> = {}) =>
  new APICallError({ message: "no", url: "", requestBodyValues: {}, statusCode, responseHeaders });

test("RN7 a model is asked again after as long as it says, else twice as long each time", () => {
  expect(retryDelayMs(refused(500), 1, 0)).toBe(500);
  expect(retryDelayMs(refused(500), 3, 0)).toBe(2000);
  expect(retryDelayMs(refused(429, { "retry-after": "7" }), 1, 0)).toBe(7000);
  expect(retryDelayMs(refused(429, { "retry-after-ms": "30" }), 1, 0)).toBe(30);
  expect(retryDelayMs(refused(503, { "retry-after": new Date(9000).toUTCString() }), 1, 4000)).toBe(5000);
  expect(retryDelayMs(new Error("Network connection lost."), 2, 0)).toBe(1000);
  expect(retryDelayMs(new SessileError("unavailable", "", { retryAfterMs: 70 }), 1, 0)).toBe(70);
});

test("RN7 a refusal for good, or for longer than a minute, and a mistake are none to wait for", () => {
  expect(retryDelayMs(new TypeError("Invalid URL"), 1, 0)).toBeNull();
  expect(retryDelayMs(new LoadAPIKeyError({ message: "no key" }), 1, 0)).toBeNull();
  expect(retryDelayMs(refused(400), 1, 0)).toBeNull();
  expect(retryDelayMs(refused(429, { "retry-after": "3600" }), 1, 0)).toBeNull();
  expect(retryDelayMs(new SessileError("not_writable", ""), 1, 0)).toBeNull();
});
