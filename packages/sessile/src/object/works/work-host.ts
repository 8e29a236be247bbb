import { type Kernel, type LogLevel, readStep, runningWork, type Writer } from "../../kernel/index.ts";
import type { SessionHooks } from "../session-hooks.ts";
import type { WorkHost } from "./work-runner.ts";

interface WorkingSession {
  readonly kernel: Kernel;
  write<T>(actor: null, body: (writer: Writer) => T): T;
  report(message: string, thrown: unknown, level: LogLevel): void;
}

/** A session as its running work uses it. */
export function workHostOf(host: WorkingSession, hooks: SessionHooks): WorkHost {
  const { kernel } = host;
  return {
    find: (name) => hooks.findWork(name),
    running: () => Object.keys(kernel.committedView.work).sort(),
    read: (workId) => runningWork(kernel.sql, workId),
    readStep: (workId, step) => readStep(kernel.sql, workId, step),
    completeStep: (workId, step, result, commit) =>
      host.write(null, (writer) => {
        if (writer.completeStep(workId, step, result)) commit();
      }),
    failStep: (workId, step, attempt, message) =>
      host.write(null, (writer) => writer.failStep(workId, step, attempt, message)),
    complete: (workId, result) => host.write(null, (writer) => writer.completeWork(workId, result)),
    fail: (workId, message) => host.write(null, (writer) => writer.failWork(workId, message)),
    report: (message, thrown) => host.report(message, thrown, "warn"),
  };
}
