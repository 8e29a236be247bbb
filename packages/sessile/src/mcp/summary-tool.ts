import * as z from "zod";
import { type Summary, summaryStyles } from "../protocol/index.ts";
import type { McpOptions } from "./create-mcp.ts";
import { addressShape } from "./schemas.ts";
import { type Tool, tool } from "./tool.ts";

/** What the route answers: without a summary where there is none and none may be made yet. */
interface SummaryAnswer extends Partial<Pick<Summary, "summaryId" | "text" | "fromSeq" | "toSeq">> {
  readonly style: (typeof summaryStyles)[number];
  readonly keyTopics?: string[];
  readonly actionItems?: string[];
  readonly cooldownRemaining: number;
}

/** The gist of a session. */
export function summaryTool({ kinds }: McpOptions): Tool {
  return tool({
    name: "summarize",
    title: "Summarise a session",
    description:
      "A summary of the session so far. During the cooldown it is the last one made; while one is being made there may be none yet.",
    input: z.strictObject({ ...addressShape(kinds), style: z.enum(summaryStyles).default("brief") }),
    output: z.object({
      summaryId: z.string().nullable(),
      style: z.enum(summaryStyles),
      text: z.string().nullable(),
      keyTopics: z.array(z.string()),
      actionItems: z.array(z.string()),
      fromSeq: z.int().nullable(),
      toSeq: z.int().nullable(),
      cooldownRemaining: z.number().describe("Seconds until a new one may be made."),
    }),
    annotations: { destructiveHint: false, idempotentHint: true },
    async run(api, { style, ...session }) {
      const answer = (await api.json(session, "/summaries", {
        method: "POST",
        body: { style },
      })) as SummaryAnswer;
      const { summaryId = null, text = null, keyTopics = [], actionItems = [] } = answer;
      const { fromSeq = null, toSeq = null, cooldownRemaining } = answer;
      return {
        summaryId,
        style: answer.style,
        text,
        keyTopics,
        actionItems,
        fromSeq,
        toSeq,
        cooldownRemaining,
      };
    },
  });
}
