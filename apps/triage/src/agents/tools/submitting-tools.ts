import { tool } from "ai";
import { idempotencyKeyOf } from "sessile/agent";
import { z } from "zod";
import type { Assignment, Conclusion, Proposal } from "../../contract/agents.ts";
import {
  analyserNames,
  catalogueAction,
  catalogueOf,
  cleanText,
  type Finding,
  severities,
} from "../../domain/index.ts";
import { asData } from "../as-data.ts";
import { citationsOf, evidenceSchema } from "../citing.ts";
import type { AgentTask } from "../dossier.ts";

const maxTitleChars = 160;
const maxTextChars = 1000;
const maxConclusionChars = 2500;
const words = (what: string) => z.string().min(1).describe(what);

/** What a tool has taken. The report is read from these, in the log of the agent's session. */
export type Accepted =
  | { readonly accepted: "finding"; readonly finding: Finding }
  | { readonly accepted: "assignment"; readonly assignment: Assignment }
  | { readonly accepted: "proposal"; readonly proposal: Proposal }
  | { readonly accepted: "conclusion"; readonly conclusion: Conclusion };

export function assignTool() {
  return tool({
    description: "Has an analyst look into one question. At most one for each analyser.",
    inputSchema: z.object({
      analyser: z.enum(analyserNames),
      question: words("What is to be found out, in one or two sentences of your own."),
    }),
    execute: ({ analyser, question }): Accepted => ({
      accepted: "assignment",
      assignment: { analyser, question: cleanText(question, maxTextChars) },
    }),
  });
}

export function findingTool(task: () => AgentTask) {
  return tool({
    description: "Reports something that the analysers did not find, or not in this light.",
    inputSchema: z.object({
      title: words("What it is, in a few words."),
      detail: words("Why the evidence shows it."),
      severity: z.enum(severities),
      confidence: z.number().min(0).max(1),
      technique: z
        .string()
        .regex(/^T\d{4}(\.\d{3})?$/)
        .optional()
        .describe("MITRE ATT&CK technique id."),
      evidence: evidenceSchema,
    }),
    execute: ({ title, detail, severity, confidence, technique, evidence }, options): Accepted => ({
      accepted: "finding",
      finding: {
        // Providers may use the id of a call again in the next answer.
        id: `model:${idempotencyKeyOf(options)}`,
        title: cleanText(title, maxTitleChars),
        detail: cleanText(detail, maxTextChars),
        severity,
        confidence,
        ...(technique === undefined ? {} : { technique }),
        citations: citationsOf(task().dossier.records, evidence),
      },
    }),
  });
}

export function proposalTools(task: () => AgentTask) {
  return {
    list_actions: tool({
      description:
        "The actions that may be proposed, with what each may be aimed at, and those that are planned already.",
      inputSchema: z.object({}),
      execute: () => {
        const { incident, planned } = task().dossier;
        return asData({
          planned,
          actions: catalogueOf(incident).filter(({ action }) => !planned.includes(action)),
        });
      },
    }),
    propose_action: tool({
      description: "Proposes an action to the people who decide. It is not carried out.",
      inputSchema: z.object({
        action: words("Id of an action in list_actions."),
        targets: z.array(z.string()).max(10).describe("Some of the action's targets; none if it has none."),
        rationale: words("Why this incident needs it."),
        evidence: evidenceSchema,
      }),
      execute: ({ action, targets, rationale, evidence }): Accepted => {
        const { incident, planned, records } = task().dossier;
        if (planned.includes(action)) throw new Error("This action is planned already.");
        if (!catalogueAction(incident, action, targets))
          throw new Error("There is no such action with these targets. See list_actions.");
        const citations = citationsOf(records, evidence);
        const proposal = { action, targets, rationale: cleanText(rationale, maxTextChars), citations };
        return { accepted: "proposal", proposal };
      },
    }),
  };
}

export function concludeTool() {
  return tool({
    description: "Sums up. Do this once, as the last thing.",
    inputSchema: z.object({ summary: words("What you have come to, in a few sentences of plain text.") }),
    execute: ({ summary }): Accepted => ({
      accepted: "conclusion",
      conclusion: { text: cleanText(summary, maxConclusionChars), citations: [], severity: null },
    }),
  });
}

/** A verdict needs evidence, as every claim does. */
export function assessTool(task: () => AgentTask) {
  return tool({
    description: "Gives the assessment of the whole incident. Do this once, as the last thing.",
    inputSchema: z.object({
      summary: words("What happened, in which order and how sure that is: a few sentences of plain text."),
      severity: z.enum(severities).describe("How bad it is. It raises the verdict or leaves it as it is."),
      evidence: evidenceSchema,
    }),
    execute: ({ summary, severity, evidence }): Accepted => ({
      accepted: "conclusion",
      conclusion: {
        text: cleanText(summary, maxConclusionChars),
        citations: citationsOf(task().dossier.records, evidence),
        severity,
      },
    }),
  });
}
