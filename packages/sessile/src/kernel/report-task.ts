import { type SentReport, type SessionAddress, sessionActor } from "../protocol/family.ts";
import { assertActive } from "./run-command.ts";
import type { Task } from "./task.ts";

/** Takes a child's report, once. A paused session takes it later. */
export function reportTask(child: SessionAddress, report: SentReport): Task {
  return {
    id: report.id,
    actor: sessionActor(child),
    refusesFirst: false,
    touchesTables: true,
    run: (writer) => {
      assertActive(writer.view.lifecycle);
      writer.takeReport(child, report);
      return undefined;
    },
  };
}
