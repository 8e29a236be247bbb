import type { IngestAnswer } from "../../contract/api.ts";
import { plural } from "../lib/format-number.ts";

/** What a file came to, in one sentence. */
export function ingestVerdict({ accepted, duplicates, incidentsTotal, rejectedTotal }: IngestAnswer): string {
  const isWhole = rejectedTotal === 0;
  if (accepted === 0 && duplicates > 0)
    return isWhole
      ? "Everything in this file was here already."
      : "Everything that could be read was here already.";
  if (accepted === 0)
    return isWhole
      ? "The file holds no records."
      : "No record of this file could be read. Is it Suricata EVE or Windows event JSON?";
  if (incidentsTotal === 0) return "Kept as evidence; nothing in it calls for an incident.";
  return `The alerts belong to ${plural(incidentsTotal, "incident")}.`;
}
