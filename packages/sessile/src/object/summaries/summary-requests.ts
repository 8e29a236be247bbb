import { parseSummaryStyle, Summaries, Usage } from "../../kernel/index.ts";
import { unreachable } from "../../protocol/error.ts";
import type { SessionCaller, SessionReplies, SessionRequest } from "../../protocol/request.ts";
import type { SessionHost } from "../session-host.ts";

type SummaryOp = "summaries" | "summarize" | "usage" | "usageEntries";

/** Requests about summaries and the meter: as far as the session is shown. */
export async function answerSummaries(
  host: SessionHost,
  request: SessionRequest & { op: SummaryOp },
  caller: SessionCaller,
): Promise<SessionReplies[SummaryOp]> {
  const { sql } = host.kernel;
  const { lastSeq } = host.visible.view;
  switch (request.op) {
    case "summaries":
      return {
        items: new Summaries(sql).list(request.limit, Math.min(request.before ?? lastSeq + 1, lastSeq + 1)),
      };
    case "summarize":
      return summarize(host, request.style, caller);
    case "usage":
      return new Usage(sql).rollup({ upTo: lastSeq });
    case "usageEntries": {
      const { kind, limit } = request;
      const before = Math.min(request.before ?? lastSeq + 1, lastSeq + 1);
      return {
        items: new Usage(sql).list(limit, kind === undefined ? { before } : { before, kinds: [kind] }),
      };
    }
    default:
      return unreachable(request);
  }
}

async function summarize(
  host: SessionHost,
  style: string,
  { actor }: SessionCaller,
): Promise<SessionReplies["summarize"]> {
  const known = parseSummaryStyle(style);
  const made = await host.summaries.request(known, () => {
    if (host.visible.refusal) throw host.visible.refusal;
    host.kernel.assertActive();
    host.write(actor, (writer) => writer.requestSummary(known));
  });
  return { ...made, cooldownRemaining: host.summaries.cooldownRemaining() };
}
