import { expect, test } from "vitest";
import { wantsInspector } from "./inspector-page.ts";

test("IN5 the embedded server gives a Worker the inspector where only this machine reaches it, unless told otherwise", () => {
  expect(wantsInspector({}, "127.0.0.1")).toBe(true);
  expect(wantsInspector({}, "::1")).toBe(true);
  expect(wantsInspector({}, "0.0.0.0")).toBe(false);
  expect(wantsInspector({ allowedHosts: ["sessions.example"] }, "127.0.0.1")).toBe(false);
  expect(wantsInspector({ inspector: false }, "127.0.0.1")).toBe(false);
  expect(wantsInspector({ inspector: true }, "0.0.0.0")).toBe(true);
  expect(wantsInspector({ vars: { SESSILE_INSPECTOR: "a page" } }, "127.0.0.1")).toBe(false);
});
