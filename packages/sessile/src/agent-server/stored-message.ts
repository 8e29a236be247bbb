import type { Said } from "../agent/run/transcript.ts";
import type { AgentMessage } from "../protocol/session-state.ts";
import type { SessionStateStore } from "../protocol/state-store.ts";

/** As it lies in a state store: the AI SDK's message, and under `run` what is known of it beside. */
export function storedMessage({ message, ...run }: Said): AgentMessage {
  return { ...message, run } as unknown as AgentMessage;
}

/** A message that no run has written counts for none. */
function saidOf({ run, ...message }: AgentMessage): Said {
  return { runId: "", step: 0, ...(run as object), message } as unknown as Said;
}

export async function readMessages(store: SessionStateStore, sessionId: string): Promise<readonly Said[]> {
  const said: Said[] = [];
  for (;;) {
    const page = await store.getMessages(sessionId, { offset: said.length, limit: 1000 });
    said.push(...page.messages.map(saidOf));
    if (!page.hasMore) return said;
  }
}
