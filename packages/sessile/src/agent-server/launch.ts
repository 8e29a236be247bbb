import { SessileError } from "../protocol/index.ts";
import { instanceIdOf, type RunParams } from "./workflow-run.ts";

/** Starts the instance that carries a run, once: whoever asks again finds it there. @throws SessileError `unavailable` */
export async function launch(workflow: Workflow<RunParams>, params: RunParams): Promise<void> {
  const id = instanceIdOf(params);
  try {
    await workflow.create({ id, params });
  } catch (cause) {
    // Refused as one that is there already, which has no name of its own among errors; or refused for another reason.
    const isThere = await workflow.get(id).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    throw new SessileError(
      "unavailable",
      "The Workflow could not be started. Nothing is lost: ask for the run again.",
      { retryAfterMs: 1000 },
      { cause },
    );
  }
}

/** @throws SessileError `not_configured` without it */
export function workflowOf(env: unknown, binding: string): Workflow<RunParams> {
  const workflow = (env as { readonly [name: string]: Workflow<RunParams> | undefined })[binding];
  if (workflow) return workflow;
  throw new SessileError(
    "not_configured",
    `The binding ${binding} is missing: there is no Workflow to run on.`,
  );
}
