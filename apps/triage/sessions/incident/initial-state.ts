import type { IncidentDocument } from "../../src/contract/session.ts";
import { analyserNames } from "../../src/domain/index.ts";

export const initialState: IncidentDocument = {
  title: "",
  severity: "low",
  type: "suspicious-activity",
  alerts: { total: 0, firstAt: 0, lastAt: 0 },
  started: null,
  triaged: null,
  closed: null,
  analysers: Object.fromEntries(analyserNames.map((name) => [name, { status: "waiting" }])),
  card: null,
  plan: null,
  notes: [],
};
