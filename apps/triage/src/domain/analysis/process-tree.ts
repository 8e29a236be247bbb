import type { Alert } from "../model/alert.ts";
import { cleanText } from "../text/clean-text.ts";

interface Started {
  readonly image: string;
  readonly parentId: string | undefined;
  readonly parentImage: string | undefined;
  readonly alert: Alert;
}

const maxProcesses = 20_000;
const maxAncestors = 12;

/** Started processes by Sysmon's process GUID, which unlike a process id is never used again. */
export class ProcessTree {
  readonly #started = new Map<string, Started>();

  add(alert: Alert): void {
    if (alert.event !== "Sysmon/1" || this.#started.size >= maxProcesses) return;
    const id = alert.fields.ProcessGuid;
    if (id === undefined) return;
    this.#started.set(id, {
      image: alert.fields.Image ?? "?",
      parentId: alert.fields.ParentProcessGuid,
      parentImage: alert.fields.ParentImage,
      alert,
    });
  }

  /** Programs from the oldest known ancestor to the process of this alert, or undefined where nothing is known of its parents. */
  lineage(alert: Alert): readonly string[] | undefined {
    const names: string[] = [];
    let current = this.#started.get(alert.fields.ProcessGuid ?? alert.fields.SourceProcessGUID ?? "");
    while (current !== undefined && names.length < maxAncestors) {
      names.unshift(programName(current.image));
      const parent = current.parentId === undefined ? undefined : this.#started.get(current.parentId);
      if (parent === undefined && current.parentImage !== undefined)
        names.unshift(programName(current.parentImage));
      // A forged GUID may name the process as its own ancestor; the limit ends that.
      current = parent;
    }
    return names.length > 1 ? names : undefined;
  }

  flagged(): readonly Alert[] {
    return [...this.#started.values()]
      .filter(({ alert }) => alert.kind === "alert")
      .map(({ alert }) => alert);
  }
}

function programName(path: string): string {
  return cleanText(path.split(/[\\/]/).at(-1) ?? path, 60).toLowerCase();
}
