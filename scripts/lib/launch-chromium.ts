import { type Browser, chromium } from "playwright-core";
import { findChromium } from "./chromium.ts";

/** The system's Chromium, for tests and pictures. */
export async function launchChromium(args: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("Chromium is not installed; set CHROMIUM_PATH");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", ...args] });
}
