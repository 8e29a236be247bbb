import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ServeError } from "./serve-error.ts";

/**
 * Makes workerd die with this process. Left alone it lives on when its parent is killed: it keeps its port, serves,
 * and writes beside the next server (seen 2026-11).
 *
 * On Linux the kernel does it (`PR_SET_PDEATHSIG`, set by `setpriv`). It fires when the *thread* that spawned dies;
 * Node spawns from its main thread, which lives as long as the process. Elsewhere a watchdog process holds the read
 * end of a pipe: the write end closes when this process dies, however it dies.
 */
export type GuardKind = "pdeathsig" | "watchdog";

export interface RuntimeGuard {
  readonly kind: GuardKind;
  /** workerd in its guard. */
  readonly program: string;
  /** Environment to give to the runtime. */
  readonly env: Readonly<Record<string, string>>;
  /** Process id of the running workerd. */
  pid(): number | undefined;
  /** Call after the runtime has ended. */
  release(): void;
}

export function guardRuntime(runDir: string, kind: GuardKind = bestGuard()): RuntimeGuard {
  if (process.platform === "win32") {
    throw new ServeError(
      "unsupported_platform",
      "The server runs on Linux and macOS. On Windows, run it in WSL.",
    );
  }
  const pidFile = pidFileIn(runDir);
  const wrapper = join(runDir, "workerd");
  const workerd = realWorkerd();
  writeFileSync(wrapper, wrapperScript(kind, workerd), { mode: 0o700 });
  checkRunnable(wrapper, workerd);
  const unregister = registerWrapper(wrapper);
  const watchdog = kind === "watchdog" ? startWatchdog(pidFile) : undefined;
  return {
    kind,
    program: wrapper,
    env: { SESSILE_PARENT: String(process.pid), SESSILE_PID_FILE: pidFile },
    pid: () => readPidFile(pidFile)?.pid,
    release() {
      unregister();
      watchdog?.stop();
    },
  };
}

export function pidFileIn(runDir: string): string {
  return join(runDir, "workerd.pid");
}

/** Pid and start of the workerd that was started last; undefined when there is no such note. */
export function readPidFile(pidFile: string): { readonly pid: number; readonly start: string } | undefined {
  try {
    const [, pid, start] = /^(\d+) (.+)$/m.exec(readFileSync(pidFile, "utf8")) ?? [];
    return pid === undefined || start === undefined ? undefined : { pid: Number(pid), start: start.trim() };
  } catch {
    return undefined;
  }
}

let detected: GuardKind | undefined;

function bestGuard(): GuardKind {
  // BusyBox has a setpriv without this option.
  detected ??=
    process.platform === "linux" && spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0
      ? "pdeathsig"
      : "watchdog";
  return detected;
}

/**
 * Stands in for workerd: notes its pid and start, which `exec` keeps, arms the guard, and becomes workerd. The parent may have
 * died before the guard was armed, so it is looked for afterwards. A Miniflare of somebody else in this process gets
 * plain workerd.
 */
function wrapperScript(kind: GuardKind, workerd: string): string {
  const program = `'${workerd.replaceAll("'", `'\\''`)}'`;
  const arm = kind === "pdeathsig" ? "setpriv --pdeathsig KILL -- " : "";
  return `#!/bin/sh
[ "$1" = ${probe} ] && exec test -x ${program}
[ -n "$SESSILE_PARENT" ] || exec ${program} "$@"
if [ -r "/proc/$$/stat" ]; then
  read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ <"/proc/$$/stat"
else
  start=$(ps -p "$$" -o lstart=)
fi
echo "$$ $start" >"$SESSILE_PID_FILE"
exec ${arm}/bin/sh -c '[ "$PPID" -eq "$SESSILE_PARENT" ] && exec "$@"' sh ${program} "$@"
`;
}

const probe = "sessile-probe";

/** Miniflare lets a program that cannot be started crash the whole process (2026-11), so it is tried first. */
function checkRunnable(wrapper: string, workerd: string): void {
  const { error, status } = spawnSync(wrapper, [probe]);
  if (!error && status === 0) return;
  const why = error
    ? `Programs in ${wrapper} cannot be run (is the file system mounted noexec?). Choose another folder with --dir.`
    : `workerd is missing at ${workerd}. Install the dependencies again.`;
  throw new ServeError("runtime_failed", why, {}, error);
}

const variable = "MINIFLARE_WORKERD_PATH";
const wrappers: string[] = [];
let chosenWorkerd: string | undefined;

/**
 * Miniflare reads the path of workerd from the environment at every start, after a crash too (2026-11). Wrappers of
 * several servers in one process are alike; what differs is in the runtime's own environment.
 */
function registerWrapper(wrapper: string): () => void {
  if (wrappers.length === 0) chosenWorkerd = process.env[variable];
  wrappers.push(wrapper);
  process.env[variable] = wrapper;
  return () => {
    const at = wrappers.indexOf(wrapper);
    if (at >= 0) wrappers.splice(at, 1);
    const next = wrappers.at(-1) ?? chosenWorkerd;
    if (next === undefined) delete process.env[variable];
    else process.env[variable] = next;
  };
}

function realWorkerd(): string {
  const chosen = wrappers.length === 0 ? process.env[variable] : chosenWorkerd;
  if (chosen !== undefined) return chosen;
  // The very workerd this Miniflare was made for, wherever the package manager put it.
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  const workerd: unknown = fromMiniflare("workerd");
  if (
    typeof workerd === "object" &&
    workerd !== null &&
    "default" in workerd &&
    typeof workerd.default === "string"
  ) {
    return workerd.default;
  }
  throw new ServeError(
    "runtime_failed",
    "The workerd package gives no path to its program. Install the dependencies again.",
  );
}

const watchdogSource = `
const { readFileSync } = require("node:fs");
let released = false;
process.stdin.on("data", () => { released = true; });
process.stdin.on("end", () => {
  if (released) return;
  try { process.kill(Number.parseInt(readFileSync(process.argv[1], "utf8"), 10), "SIGKILL"); } catch {}
});
`;

/** Its own process group, so that a signal to the whole group of the server does not reach it. */
function startWatchdog(pidFile: string): { stop(): void } {
  let stopped = false;
  let current: ChildProcess;
  const start = () => {
    current = spawn(process.execPath, ["-e", watchdogSource, pidFile], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    current.unref();
    const { stdin } = current;
    if (stdin && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
    stdin?.on("error", () => {}); // It is gone; "exit" starts another.
    current.once("exit", () => {
      if (!stopped) start();
    });
  };
  start();
  return {
    stop() {
      stopped = true;
      current.stdin?.end("released");
    },
  };
}
