import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const packages = [
  "@langchain/langgraph@1.7.3",
  "@langchain/langgraph-checkpoint-sqlite@1.0.4",
  "@langchain/core@1.4.0",
];

/** LangGraph in a folder of its own: its SQLite is compiled, which nobody should wait for who does not measure this. */
export class LangGraph {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** @returns null, with the reason on stderr, where it cannot be installed */
  static async install(parent: string): Promise<LangGraph | null> {
    const dir = mkdtempSync(join(parent, "langgraph-"));
    writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
    try {
      await run("npm", ["install", "--no-audit", "--no-fund", "--save-exact", ...packages], {
        cwd: dir,
        env,
      });
      copyFileSync(
        fileURLToPath(import.meta.resolve("./langgraph-process.js")),
        join(dir, "langgraph-process.js"),
      );
      const graph = new LangGraph(dir);
      await graph.stepMs(2);
      return graph;
    } catch (thrown) {
      process.stderr.write(`LangGraph is left out: ${String(thrown).slice(0, 500)}\n`);
      return null;
    }
  }

  /** Milliseconds of one step of a run of so many, after one that warms up. */
  async stepMs(steps: number): Promise<number> {
    const file = join(this.#dir, `${Math.random().toString(36).slice(2)}.db`);
    const args = ["langgraph-process.js", file, String(steps), String(steps)];
    const { stdout } = await run("node", args, { cwd: this.#dir, env });
    return (JSON.parse(stdout) as number[])[1] ?? Number.NaN;
  }
}

/** The Node of the machine, which npm compiles for, and not the one in this repository's packages. */
const env = {
  ...process.env,
  PATH: (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter),
};
