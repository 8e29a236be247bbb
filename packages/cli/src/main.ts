#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { parseCommandLine } from "./command-line.ts";
import type { SessionCommand } from "./session-flags.ts";
import { UsageError } from "./usage-error.ts";

const usageExit = 2;
const failureExit = 1;
/** What a shell reports of a program that SIGPIPE ended, which Node ignores. */
const closedPipeExit = 141;

async function run(args: readonly string[]): Promise<void> {
  const command = parseCommandLine(args);
  watchOutput(command.name === "serve" || command.name === "dev");
  switch (command.name) {
    case "help":
      process.stdout.write(command.text);
      return;
    case "version":
      process.stdout.write(`${readVersion()}\n`);
      return;
    case "serve": {
      requireNode();
      // Loaded when needed: help should not wait for a bundler and a runtime, nor an old Node stumble over them.
      const { runServe } = await import("./serve-command.ts");
      return runServe(command.flags);
    }
    case "dev":
      requireNode();
      return (await import("./dev/dev-command.ts")).runDev(command.flags);
    case "stop":
      requireNode();
      return (await import("./stop-command.ts")).runStop(command.flags);
    case "new":
      requireNode();
      return (await import("./new-command.ts")).runNew(command.flags);
    case "migrate":
      requireNode();
      return (await import("./migrate-command.ts")).runMigrate(command.flags);
    case "preflight":
      requireNode();
      return (await import("./preflight-command.ts")).runPreflight(command.flags);
    case "generate":
      requireNode();
      return (await import("./generate-command.ts")).runGenerate(command.flags);
    default:
      requireNode();
      return runSessionCommand(command);
  }
}

async function runSessionCommand(command: SessionCommand): Promise<void> {
  switch (command.name) {
    case "export":
      return (await import("./transfer-commands.ts")).runExport(command.flags);
    case "import":
      return (await import("./transfer-commands.ts")).runImport(command.flags);
    case "restore":
      return (await import("./transfer-commands.ts")).runRestore(command.flags);
    case "reset":
      return (await import("./transfer-commands.ts")).runReset(command.flags);
    case "delete":
      return (await import("./transfer-commands.ts")).runDelete(command.flags);
    case "verify":
      return (await import("./verify-command.ts")).runVerify(command.flags);
    case "tail":
      return (await import("./tail-command.ts")).runTail(command.flags);
    case "doctor":
      return (await import("./doctor-command.ts")).runDoctor({ ...command.flags, version: readVersion() });
  }
}

/** Whoever reads the output may go away. A server goes on without them; anything else has nobody left to work for. */
function watchOutput(isServer: boolean): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (isServer) return;
      if (error.code !== "EPIPE") throw error;
      process.exit(closedPipeExit);
    });
}

/** The server keeps its lock with `node:sqlite`, which came without a flag in 22.13. */
function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 13)) return;
  throw new UsageError(
    `Node 22.13 or newer is needed; this is ${process.versions.node}. npm install -D node@24 brings one for this folder alone.`,
  );
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const expected =
    error instanceof UsageError ||
    (error instanceof Error && ["ServeError", "CommandFailure", "GenerateError"].includes(error.name));
  const shown = expected ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`sessile: ${shown}\n`);
  process.exitCode = error instanceof UsageError ? usageExit : failureExit;
}
