#!/usr/bin/env node
// Checked in, because npm links executables when it installs, and in a fresh clone `dist/` is built later. There it runs from source.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endWithNpm } from "./end-with-npm.js";

const source = fileURLToPath(new URL("../src/main.ts", import.meta.url));
if (existsSync(source) && process.features.typescript) {
  const flags = ["--conditions=sessile-source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...flags, source, ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C reaches the whole group; a plain kill of this process must not leave the server behind.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
  endWithNpm(() => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
} else if (existsSync(source) && !existsSync(new URL("../dist/main.js", import.meta.url))) {
  console.error(
    "sessile: Run it with npx, which uses the Node of this repository, or run npm run build first.",
  );
  process.exitCode = 2;
} else {
  endWithNpm(() => process.kill(process.pid, "SIGTERM"));
  await import("../dist/main.js");
}
