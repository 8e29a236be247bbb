import type { Analyser, AnalyserResult, Evidence } from "../analysis/analyser.ts";
import type { Alert } from "../model/alert.ts";

export function evidenceOf(alerts: Iterable<Alert>, incident: Partial<Evidence["incident"]> = {}): Evidence {
  const actors = { hosts: [], ips: [], users: [] };
  return {
    incident: { title: "Test", severity: "medium", type: "suspicious-activity", actors, ...incident },
    alerts,
  };
}

/** Runs one of the deterministic analysers, which answer at once. */
export function run(analyser: Analyser, alerts: Iterable<Alert>): AnalyserResult {
  const result = analyser.analyse(evidenceOf(alerts));
  if (result instanceof Promise) throw new TypeError("The analyser answered with a promise");
  return result;
}

export function findingIds(result: AnalyserResult): readonly string[] {
  return result.findings.map((finding) => finding.id);
}
