import { SessileError } from "../protocol/index.ts";
import { launch } from "./launch.ts";
import { LookedAt } from "./looked-at.ts";
import { RunState } from "./run-state.ts";
import { instanceIdOf, type RunParams, type RunStores, stopReason } from "./workflow-run.ts";

/** An event of this type means nothing to a run; it makes an engine that has forgotten the instance run it. */
const wakeEvent = "sessile-wake";
/** Instances that this isolate has looked after. */
const lookedAt = new LookedAt(60_000);

/**
 * Looks after a run that is said to go on: at most once a minute in one isolate. An instance that was never started, because whoever
 * asked for the run died, is started; one that has ended over a failure of the platform has a next one. And open-source workerd
 * does not wake its instances after a restart (Miniflare 5.20261117.0-beta, seen 2026-11): an event does.
 */
export async function wake(
  workflow: Workflow<RunParams>,
  stores: RunStores,
  params: RunParams,
): Promise<void> {
  const id = instanceIdOf(params);
  const look = lookedAt.look(id, Date.now());
  if (!look) return;
  try {
    await lookAfter(workflow, stores, params, look.isFirst);
  } catch (thrown) {
    // Who asks how the run stands is answered all the same, and whoever asks next tries again.
    lookedAt.forget(id);
    console.warn("A run could not be looked after", { runId: params.runId, detail: String(thrown) });
  }
}

async function lookAfter(
  workflow: Workflow<RunParams>,
  stores: RunStores,
  params: RunParams,
  isFirst: boolean,
): Promise<void> {
  const instance = await workflow.get(instanceIdOf(params)).catch(() => null);
  if (!instance) return launch(workflow, params);
  const { status } = await instance.status();
  // Whoever terminates an instance means the run.
  if (status === "terminated")
    await stores.state.setInterruptFlag(params.sessionId, stopReason("abort", params.runId));
  if (status === "errored" || status === "terminated") await succeed(workflow, stores, params);
  else if (isFirst) await instance.sendEvent({ type: wakeEvent, payload: null });
}

/** The next instance carries on from the messages there are. */
async function succeed(workflow: Workflow<RunParams>, stores: RunStores, params: RunParams): Promise<void> {
  const state = await RunState.load(stores, params);
  if (!state?.isActive) return;
  const next = await state.handOn().catch((thrown: unknown) => {
    if (thrown instanceof SessileError && state.isMoved) return null;
    throw thrown;
  });
  if (next) await launch(workflow, next);
}
