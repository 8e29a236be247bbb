import type { SessionEvent } from "../../protocol/event.ts";
import type { SummaryStyle } from "../../protocol/summary.ts";
import type { SystemEventPayloads } from "../../protocol/system-event.ts";
import type { SessionObject } from "./session-object.ts";
import { SimulatedKind } from "./simulated-kind.ts";
import { SimulatedSummarizer } from "./simulated-summarizer.ts";

type Created = SystemEventPayloads["summary.created"];

/** Summaries go on from each other, say what the model said of just those events, answer each request once, and are metered once. */
export function checkSummaries(
  { world, setBackMs }: SessionObject,
  events: readonly SessionEvent[],
  fail: (what: string) => void,
): void {
  const newest = new Map<SummaryStyle, Created>();
  const texts = new Set<string>();
  const entryIds = new Set<unknown>();
  let requestedAt = Number.NEGATIVE_INFINITY;
  const asked = new Set<SummaryStyle>();
  let lastAsked: SummaryStyle | null = null;
  for (const { seq, type, payload, createdAt } of events) {
    if (type === "usage.recorded") {
      const { entryId } = payload as unknown as { readonly entryId: string };
      if (entryIds.has(entryId)) fail(`${entryId} is metered twice`);
      entryIds.add(entryId);
    }
    if (type === "summary.requested") {
      const at = Date.parse(createdAt);
      if (at < requestedAt + SimulatedKind.summaryCooldownMs - setBackMs)
        fail(`a summary is asked for again at ${seq}`);
      requestedAt = at;
      lastAsked = (payload as unknown as { readonly style: SummaryStyle }).style;
      asked.add(lastAsked);
    }
    if (type !== "summary.created") continue;
    const summary = payload as unknown as Created;
    const { text, style, fromSeq, toSeq, baseSummaryId, reason, model } = summary;
    const base = newest.get(style);
    newest.set(style, summary);
    if (baseSummaryId !== (base?.summaryId ?? null) || fromSeq !== (base?.toSeq ?? 0) + 1 || toSeq >= seq)
      fail(`the summary at ${seq}, of ${fromSeq}–${toSeq}, does not go on from ${JSON.stringify(base)}`);
    if (reason === "request" && !asked.delete(style)) fail(`nobody asked for the summary at ${seq}`);
    if (model !== SimulatedSummarizer.model) continue;
    const said = world.summaries.get(text);
    const isAbout = said?.seqs.every((one) => one >= fromSeq && one <= toSeq);
    if (!isAbout || texts.has(text) || said?.previous !== (base?.text ?? null))
      fail(`the summary at ${seq} says ${text}, which is ${JSON.stringify(said)}`);
    texts.add(text);
  }
  // One that waits for a failing model gives way to the next.
  if (lastAsked && asked.has(lastAsked))
    fail(`the summary that was asked for at ${requestedAt} was never made`);
}
