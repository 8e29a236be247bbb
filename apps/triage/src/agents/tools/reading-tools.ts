import { tool } from "ai";
import { z } from "zod";
import { cleanText, severityRank } from "../../domain/index.ts";
import { asData } from "../as-data.ts";
import { type AgentTask, type DossierFinding, recordIdOf } from "../dossier.ts";

const maxFindings = 25;
const maxEvidence = 3;
const maxDetailChars = 400;
const defaultRecords = 10;
const maxRecords = 20;

/** What every agent may read: the results of the analysers, and the records they and it may cite. */
export function readingTools(task: () => AgentTask) {
  return {
    read_findings: tool({
      description:
        "What the analysers found, and what other agents have added, the most severe first, with the records each finding rests on.",
      inputSchema: z.object({
        analyser: z
          .string()
          .optional()
          .describe("command-line, identity, network or activity. Default: all."),
      }),
      execute: ({ analyser }) => {
        const { findings } = task().dossier;
        const wanted = findings
          .filter((finding) => analyser === undefined || finding.analyser === analyser)
          .sort((a, b) => severityRank(b.severity) - severityRank(a.severity));
        return asData({ findings: wanted.slice(0, maxFindings).map(shownFinding), of: wanted.length });
      },
    }),
    read_records: tool({
      description: `Records of the incident, oldest first. Without ids or text: the first ${defaultRecords}.`,
      inputSchema: z.object({
        ids: z.array(z.string()).max(maxRecords).optional(),
        text: z.string().optional().describe("Only records with a field that contains this."),
        after: z.string().optional().describe("Id of the last record of the page before."),
        limit: z.number().int().min(1).max(maxRecords).optional(),
      }),
      execute: ({ ids, text, after, limit = ids?.length || defaultRecords }) => {
        const { records } = task().dossier;
        const from = after === undefined ? 0 : records.findIndex(({ id }) => id === after) + 1;
        const needle = text?.toLowerCase();
        const found = records
          .slice(from)
          .filter(({ id }) => ids === undefined || ids.includes(id))
          .filter(
            ({ fields }) =>
              needle === undefined ||
              Object.values(fields).some((value) => value.toLowerCase().includes(needle)),
          );
        const shown = found.slice(0, limit).map(({ hash: _hash, at, ...record }) => ({
          ...record,
          at: new Date(at).toISOString(),
        }));
        return asData({ records: shown, more: found.length > limit });
      },
    }),
  };
}

function shownFinding({ id: _id, detail, citations, ...finding }: DossierFinding) {
  return {
    ...finding,
    detail: cleanText(detail, maxDetailChars),
    evidence: citations.slice(0, maxEvidence).map(({ alertHash, field, excerpt }) => ({
      record: recordIdOf(alertHash),
      field,
      excerpt,
    })),
  };
}
