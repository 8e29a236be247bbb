import { z } from "zod";
import { type Citation, cleanText } from "../domain/index.ts";
import type { DossierRecord } from "./dossier.ts";

const maxCitations = 8;
const maxExcerptChars = 300;

/** How an agent says what a claim rests on. */
export const evidenceSchema = z
  .array(
    z.object({
      record: z.string().describe("Id of a record, as read_records gives it."),
      field: z.string().optional().describe("Name of the field in it that shows it."),
    }),
  )
  .min(1)
  .max(maxCitations)
  .describe("The records that the claim rests on.");

export type GivenEvidence = z.infer<typeof evidenceSchema>;

/**
 * Evidence as citations that a person can open.
 *
 * @throws Error, for the agent to read, if a record or field is not there
 */
export function citationsOf(records: readonly DossierRecord[], evidence: GivenEvidence): readonly Citation[] {
  return evidence.map(({ record: id, field }) => {
    const record = records.find((each) => each.id === id || each.hash === id);
    if (!record)
      throw new Error(`There is no record "${cleanText(id, 40)}". Cite records that you have read.`);
    const name = field ?? mainFieldOf(record);
    if (!Object.hasOwn(record.fields, name))
      throw new Error(`Record ${record.id} has no field "${cleanText(name, 80)}".`);
    return {
      alertHash: record.hash,
      field: name,
      excerpt: cleanText(record.fields[name] ?? "", maxExcerptChars),
    };
  });
}

const telling = ["alert.signature", "CommandLine", "ScriptBlockText", "Message", "TargetUserName"];

function mainFieldOf({ fields }: DossierRecord): string {
  return telling.find((name) => Object.hasOwn(fields, name)) ?? Object.keys(fields)[0] ?? "";
}
