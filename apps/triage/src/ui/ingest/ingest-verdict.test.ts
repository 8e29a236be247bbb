import { expect, test } from "vitest";
import { ingestVerdict } from "./ingest-verdict.ts";

test.each([
  [0, 0, 0, 0, "The file holds no records."],
  [0, 0, 1, 0, "No record of this file could be read. Is it Suricata EVE or Windows event JSON?"],
  [0, 5, 0, 0, "Everything in this file was here already."],
  [0, 5, 1, 0, "Everything that could be read was here already."],
  [3, 5, 1, 0, "Kept as evidence; nothing in it calls for an incident."],
  [3, 5, 1, 2, "The alerts belong to 2 incidents."],
])(
  "of %i accepted, %i known and %i rejected records in %i … %s",
  (accepted, duplicates, rejectedTotal, incidentsTotal, verdict) => {
    const answer = { accepted, duplicates, rejectedTotal, incidentsTotal, rejected: [], incidents: [] };
    expect(ingestVerdict(answer)).toBe(verdict);
  },
);
