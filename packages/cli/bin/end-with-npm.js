import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const everyMs = 1000;
const shell = /(?:^|[/-])(?:ba|da|a|z|k)?sh$/;

/**
 * Calls `end` once the npm or npx that started this process is gone: killed, it leaves its program running, a server that nobody
 * knows of and whose folder stays locked. Plain JavaScript for any Node, because the repository's own set-up uses it too.
 *
 * @param {() => void} end
 */
export function endWithNpm(end) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  // npm runs its scripts in a shell. Some shells stay in between and outlive npm, others become what they run.
  const above = readProcess(parent);
  const npm = above && shell.test(above.name) ? above.parent : parent;
  const watch = setInterval(() => {
    if (process.ppid === parent && isThere(npm)) return;
    clearInterval(watch);
    end();
  }, everyMs);
  watch.unref();
}

function readProcess(pid) {
  const [, parent, name] = /^\s*(\d+)\s+(.*?)\s*$/.exec(parentAndName(pid)) ?? [];
  return name === undefined ? null : { parent: Number(parent), name };
}

function parentAndName(pid) {
  // Small Linux images have no `ps`.
  if (process.platform !== "linux")
    return spawnSync("ps", ["-p", String(pid), "-o", "ppid=,comm="], { encoding: "utf8" }).stdout ?? "";
  try {
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return `${parent} ${name}`;
  } catch {
    return "";
  }
}

function isThere(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
