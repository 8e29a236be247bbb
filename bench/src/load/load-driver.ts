import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Job, JobReply, JobResult } from "./jobs.ts";

/** The load process, seen from the one that measures. */
export class LoadDriver implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: JobReply) => void>();
  #nextId = 1;

  constructor() {
    this.#child = fork(fileURLToPath(import.meta.resolve("./load-process.ts")), { execArgv: [] });
    this.#child.on("message", (reply: JobReply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    this.#child.on("exit", (code) => {
      for (const [id, settle] of this.#waiting) settle({ id, error: `The load process ended (${code}).` });
    });
  }

  async run(job: Job): Promise<JobResult> {
    const id = this.#nextId++;
    const reply = await new Promise<JobReply>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, job });
    });
    if ("error" in reply) throw new Error(`${job.kind} on ${job.subject}: ${reply.error}`);
    return reply.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}
