import { readerIdsOf, type SessionView } from "../protocol/index.ts";
import type { DirectoryRow, Facts } from "./record.ts";
import { waitingGatesOf } from "./waiting-gate.ts";

/** What a kind adds to its rows. Pure functions of the view, so that a row can be made again from the log. */
export interface DirectoryDescription<State = unknown> {
  /** Default: the session's name. */
  title?(view: SessionView<State>): string;
  /** Beside `parent`, which a child has by itself. Default: none. */
  facts?(view: SessionView<State>): Facts;
  /** Default: nobody. */
  ownerId?(view: SessionView<State>): string | null;
}

/** A title is a label for lists; the whole text is in the session. */
export const maxTitleChars = 200;

export function directoryRowOf<State>(
  view: SessionView<State>,
  describe: DirectoryDescription<State> = {},
): DirectoryRow {
  const { parent } = view;
  return {
    kind: view.kind,
    name: view.name,
    lifecycle: view.lifecycle,
    status: view.status,
    title: clip(describe.title?.(view) ?? "") || view.name,
    ownerId: view.access ? view.access.ownerId : (describe.ownerId?.(view) ?? null),
    ...(view.access ? { visibility: view.access.visibility, readerIds: readerIdsOf(view.access) } : {}),
    lastSeq: view.lastSeq,
    createdAt: view.createdAt,
    updatedAt: view.updatedAt,
    facts: { ...(parent ? { parent: `${parent.kind}/${parent.name}` } : {}), ...describe.facts?.(view) },
    gates: waitingGatesOf(view),
  };
}

function clip(title: string): string {
  const line = title.replace(/\s+/g, " ").trim();
  if (line.length <= maxTitleChars) return line;
  return `${Array.from(line.slice(0, maxTitleChars)).slice(0, -1).join("")}…`;
}
