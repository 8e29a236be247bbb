import { SessileError } from "../protocol/error.ts";

/** A kind's domain machine as data. A status without successors is final. */
export interface Workflow<Status extends string = string> {
  readonly initial: Status;
  readonly transitions: { readonly [From in Status]: readonly Status[] };
}

/** Checks names once, when the class is defined, and keeps the literal types for the editor. */
export function workflow<const Status extends string>(definition: {
  readonly initial: NoInfer<Status>;
  readonly transitions: { readonly [From in Status]: readonly NoInfer<Status>[] };
}): Workflow<Status> {
  for (const [from, targets] of Object.entries<readonly string[]>(definition.transitions)) {
    for (const to of targets) {
      if (!Object.hasOwn(definition.transitions, to))
        throw new TypeError(`Workflow: ${from} → ${to}, but ${to} is not a status.`);
    }
  }
  return definition;
}

/** @throws SessileError `illegal_transition` with the current status, `bad_request` for an unknown one */
export function assertTransition(
  definition: Workflow | undefined,
  from: string | null,
  to: string,
  version: number,
): void {
  if (!definition)
    throw new SessileError("bad_request", "This kind has no workflow, so it has no status to set.", {
      field: "to",
    });
  if (!Object.hasOwn(definition.transitions, to)) {
    throw new SessileError(
      "bad_request",
      `"${to.slice(0, 64)}" is not a status of this kind. It has: ${Object.keys(definition.transitions).join(", ")}.`,
      {
        field: "to",
      },
    );
  }
  const reached =
    from !== null && Object.hasOwn(definition.transitions, from) ? definition.transitions[from] : [];
  if (!reached?.includes(to)) {
    throw new SessileError(
      "illegal_transition",
      `The status is ${from}; from there "${to}" cannot be reached.`,
      {
        current: from,
        currentVersion: version,
      },
    );
  }
}
