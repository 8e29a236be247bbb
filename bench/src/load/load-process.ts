import { runAppend, runFill, runSpread } from "./append.ts";
import { runCatchup, runFanout, runResume } from "./fanout.ts";
import { runHold, runPoke } from "./held-socket.ts";
import type { Job, JobMessage, JobReply, JobResult } from "./jobs.ts";
import { runState } from "./state.ts";

/** A process of its own, so that the load shares an event loop with nothing else. One job at a time. */
process.on("message", (message: JobMessage) => {
  run(message.job).then(
    (result) => reply({ id: message.id, result }),
    (thrown: unknown) =>
      reply({
        id: message.id,
        error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      }),
  );
});
process.on("disconnect", () => process.exit(0));

function reply(message: JobReply): void {
  process.send?.(message);
}

function run(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case "append":
      return runAppend(job);
    case "fill":
      return runFill(job);
    case "spread":
      return runSpread(job);
    case "fanout":
      return runFanout(job);
    case "catchup":
      return runCatchup(job);
    case "resume":
      return runResume(job);
    case "state":
      return runState(job);
    case "hold":
      return runHold(job);
    case "poke":
      return runPoke(job);
  }
}
