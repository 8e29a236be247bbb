import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A tool from `node_modules/.bin`, run by this very Node. */
export function bin(name: string): string {
  return join(root, "node_modules", ".bin", name);
}

/** Runs a program to its end with its output shown. @throws if it fails */
export async function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  const child = spawn(program, args, {
    stdio: "inherit",
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", resolve);
  });
  if (code !== 0) throw new StepFailed(`${program.split("/").at(-1)} ${args.join(" ")} failed`);
}

/** A step whose own output has already said what is wrong. */
export class StepFailed extends Error {}

/** Runs steps in order, says how long each took, and ends the process with their verdict. */
export async function steps(list: readonly (readonly [string, () => Promise<unknown>])[]): Promise<void> {
  for (const [title, step] of list) {
    const started = performance.now();
    console.log(`\n— ${title}`);
    try {
      await step();
    } catch (thrown) {
      console.error(thrown instanceof StepFailed ? `✗ ${title}: ${thrown.message}` : thrown);
      process.exit(1);
    }
    console.log(`✓ ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }
}
