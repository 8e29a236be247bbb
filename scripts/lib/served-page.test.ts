import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copyForServing } from "./served-page.ts";

test("a page that is served outlives a build beside it, and what a killed server left is cleared away", () => {
  const folder = mkdtempSync(join(tmpdir(), "sessile-page-"));
  const built = join(folder, "ui");
  mkdirSync(join(built, "assets"), { recursive: true });
  writeFileSync(join(built, "assets", "a.js"), "1");
  const { pid: ended } = spawnSync(process.execPath, ["--version"]);
  mkdirSync(join(folder, `served-${ended}`));
  mkdirSync(join(folder, `served-${process.ppid}`));
  try {
    const copy = copyForServing(built, folder);
    rmSync(built, { recursive: true });
    expect(readFileSync(join(copy, "assets", "a.js"), "utf8")).toBe("1");
    expect(existsSync(join(folder, `served-${ended}`))).toBe(false);
    expect(readdirSync(folder)).toHaveLength(2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
