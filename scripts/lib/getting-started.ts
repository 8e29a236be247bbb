import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Block, readBlocks } from "./docs.ts";
import { root, StepFailed } from "./run.ts";

const page = join("docs", "getting-started.md");
/** So that a page that promises what does not come fails the check instead of holding it up. */
const maxSilentMs = 60_000;

/**
 * Does what the first page says, block after block, in an empty folder: packs, makes a project of the packages as they are
 * published, compiles it, serves and uses it, and builds what would be deployed.
 */
export async function followGettingStarted(): Promise<void> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "sessile-start-"));
  const walk = new Walk(folder, await freePort());
  try {
    for (const block of readBlocks(page)) await walk.take(block);
    walk.verify();
  } finally {
    await walk.end();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

class Walk {
  readonly #folder: string;
  readonly #port: number;
  readonly #running: ChildProcess[] = [];
  #cwd = root;
  #said = "";

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  async take({ language, info, code, line }: Block): Promise<void> {
    const here = code.replaceAll("/tmp", this.#folder).replaceAll("8787", String(this.#port));
    const saved = /save=(\S+)/.exec(info)?.[1];
    const quoted = /file=packages\/cli\/template\/(\S+)/.exec(info)?.[1];
    if (saved) writeFileSync(join(this.#cwd, saved), here);
    if (quoted && readFileSync(join(this.#cwd, quoted), "utf8") !== code)
      throw new StepFailed(`${page}:${line} is not what \`sessile new\` makes`);
    if (language !== "sh") return;
    console.log(here.trimEnd().replaceAll(/^/gm, "  $ "));
    const awaited = /background=(\S+)/.exec(info)?.[1];
    if (awaited) await this.#start(here, awaited);
    else this.#run(here);
  }

  /** What the commands said beyond succeeding. */
  verify(): void {
    for (const installed of ["sessile", "sessile-cli"])
      if (!realpathSync(join(this.#cwd, "node_modules", installed)).startsWith(this.#folder))
        throw new StepFailed(`${installed} is not the packed one`);
    const expected = [
      /"lastSeq":2/,
      /"text":"hi"/,
      /makes the class Chat/,
      /Nothing stands in the way/,
      /env\.CHAT/,
    ];
    for (const pattern of expected)
      if (!pattern.test(this.#said)) throw new StepFailed(`nothing said ${pattern}:\n${this.#said}`);
  }

  async end(): Promise<void> {
    for (const child of this.#running.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
      const gone = once(child, "exit");
      process.kill(-child.pid, "SIGTERM");
      await gone;
    }
  }

  /** The folder that a block ends in is where the next one begins; the second begins in the empty one. */
  #run(commands: string): void {
    const at = join(this.#folder, ".cwd");
    try {
      const script = `set -e\n${commands}\npwd > ${at}`;
      this.#said += execFileSync("bash", ["-c", script], {
        cwd: this.#cwd,
        env: this.#environment(),
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (thrown) {
      const { stdout = "", stderr = "" } = thrown as { stdout?: string; stderr?: string };
      throw new StepFailed(`this failed:\n${commands}\n${stdout}\n${stderr}`);
    }
    this.#cwd = this.#cwd === root ? this.#folder : readFileSync(at, "utf8").trim();
  }

  /** Goes on until the end; this waits for what it is to say. */
  async #start(command: string, awaited: string): Promise<void> {
    const served = command.includes("sessile dev")
      ? `${command.trim()} --port ${this.#port}`
      : command.trim();
    const child = spawn("bash", ["-c", served], {
      cwd: this.#cwd,
      env: this.#environment(),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    this.#running.push(child);
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (data) => {
          said += data;
          if (said.includes(awaited)) resolve();
        });
      child.on("exit", () => reject(new StepFailed(`${served} ended:\n${said}`)));
      const late = () => reject(new StepFailed(`${served} did not say "${awaited}":\n${said}`));
      setTimeout(late, maxSilentMs).unref();
    });
  }

  /** Packages come from npm's cache where they can, as they have just been installed; nothing of this repository is on the way. */
  #environment(): NodeJS.ProcessEnv {
    const quiet = { npm_config_audit: "false", npm_config_fund: "false", npm_config_prefer_offline: "true" };
    const packs = this.#cwd === root ? { npm_config_ignore_scripts: "true" } : {};
    return { ...withoutNpm(process.env), ...quiet, ...packs, WRANGLER_SEND_METRICS: "false", CI: "1" };
  }
}

/** What npm and this repository's own start set for what they run, but for Node itself. */
function withoutNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const node = join(root, "node_modules/node/bin");
  const path = (env.PATH ?? "").split(":").filter((folder) => !folder.startsWith(root));
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !/^npm_|^NODE_OPTIONS$/i.test(name))),
    PATH: [...(existsSync(node) ? [node] : []), ...path].join(":"),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
