import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const prefix = "served-";

/**
 * A copy of the built page for this process alone, gone when it ends. The server knows its files from the start on; a build beside it
 * would take them away and leave whoever opens the page with an empty one.
 */
export function copyForServing(built: string, folder: string): string {
  const copy = join(folder, `${prefix}${process.pid}`);
  mkdirSync(folder, { recursive: true });
  removeLeftovers(folder);
  cpSync(built, copy, { recursive: true });
  process.once("exit", () => rmSync(copy, { recursive: true, force: true }));
  return copy;
}

/** Of processes that were killed. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length) : Number.NaN);
    if (Number.isInteger(pid) && (pid === process.pid || !isAlive(pid)))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
