import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { StepFailed } from "./run.ts";

const candidates = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

export function findChromium(): string | null {
  return candidates.find((path): path is string => path !== undefined && existsSync(path)) ?? null;
}

/** Browser tests drive the system's Chromium. Where it is missing and can be installed, it is; else this says how. */
export async function ensureChromium(): Promise<void> {
  if (!findChromium() && process.getuid?.() === 0 && spawnSync("apt-get", ["--version"]).status === 0) {
    console.log("Installing Chromium with apt-get …");
    execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
    execFileSync(
      "apt-get",
      ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"],
      {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      },
    );
  }
  const path = findChromium();
  if (!path)
    throw new StepFailed(
      "Chromium is not installed. Install it (Debian: apt-get install chromium), or set CHROMIUM_PATH.",
    );
  console.log(execFileSync(path, ["--version"], { encoding: "utf8" }).trim());
}
