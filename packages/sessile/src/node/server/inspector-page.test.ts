import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findFile } from "./entry/static-files.ts";
import { temporaryFolder } from "./fixtures/processes.ts";
import { wantsInspector } from "./inspector-page.ts";
import { readSite } from "./static-site.ts";

test("IN5 the embedded server gives a Worker the inspector where only this machine reaches it, unless told otherwise", () => {
  expect(wantsInspector({}, "127.0.0.1")).toBe(true);
  expect(wantsInspector({}, "::1")).toBe(true);
  expect(wantsInspector({}, "0.0.0.0")).toBe(false);
  expect(wantsInspector({ allowedHosts: ["sessions.example"] }, "127.0.0.1")).toBe(false);
  expect(wantsInspector({ inspector: false }, "127.0.0.1")).toBe(false);
  expect(wantsInspector({ inspector: true }, "0.0.0.0")).toBe(true);
  expect(wantsInspector({ vars: { SESSILE_INSPECTOR: "a page" } }, "127.0.0.1")).toBe(false);
});

test("IN6 the page is the Worker's to answer, also where an app has a page for whatever is opened", () => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "index.html"), "<!doctype html>");
  const { files, workerFirst, ...site } = readSite({ directory: folder.path });
  const found = (path: string) =>
    findFile(new Request(`http://127.0.0.1${path}`, { headers: { accept: "text/html" } }), {
      ...site,
      files: new Map(files),
      workerFirst: workerFirst.map((pattern) => new RegExp(pattern)),
      workerFirstExcept: [],
    })?.path;
  expect([found("/somewhere"), found("/_sessile/inspect/chat/x")]).toEqual(["/index.html", undefined]);
});
