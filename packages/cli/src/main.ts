#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { parseCommandLine } from "./command-line.ts";
import { UsageError } from "./usage-error.ts";

const usageExit = 2;
const failureExit = 1;

async function run(args: readonly string[]): Promise<void> {
  const command = parseCommandLine(args);
  switch (command.name) {
    case "help":
      process.stdout.write(command.text);
      return;
    case "version":
      process.stdout.write(`${readVersion()}\n`);
      return;
    case "serve": {
      // Loaded when needed: help should not wait for a bundler and a runtime.
      const { runServe } = await import("./serve-command.ts");
      return runServe(command.flags);
    }
  }
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof UsageError || (error instanceof Error && error.name === "ServeError");
  const shown = expected ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`sessile: ${shown}\n`);
  process.exitCode = error instanceof UsageError ? usageExit : failureExit;
}
