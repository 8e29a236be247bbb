import type { Alert, Detection } from "../model/alert.ts";
import { highestSeverity, severityRank } from "../model/severity.ts";
import { cleanText, excerptAround } from "../text/clean-text.ts";
import type { AnalyserResult, Citation, Finding } from "./analyser.ts";

const maxCitations = 5;
const maxFindings = 40;
const maxDistinct = 2000;

export type FindingDraft = Omit<Finding, "citations">;

/** Gathers findings in bounded memory: equal ids become one finding with a count and its first citations. */
export class FindingList {
  readonly #analyser: string;
  readonly #drafts = new Map<string, { draft: FindingDraft; citations: Citation[]; times: number }>();

  constructor(analyser: string) {
    this.#analyser = analyser;
  }

  add(draft: FindingDraft, ...citations: readonly Citation[]): void {
    const known = this.#drafts.get(draft.id);
    if (known === undefined) {
      if (this.#drafts.size < maxDistinct)
        this.#drafts.set(draft.id, { draft, citations: [...citations.slice(0, maxCitations)], times: 1 });
      return;
    }
    known.times++;
    known.draft = { ...known.draft, severity: highestSeverity(known.draft.severity, draft.severity) };
    for (const citation of citations) {
      const told = known.citations.some(
        (other) => other.excerpt === citation.excerpt && other.field === citation.field,
      );
      if (!told && known.citations.length < maxCitations) known.citations.push(citation);
    }
  }

  /** What a rule saw in an alert, cited where it saw it. */
  addDetection(alert: Alert, { field, ...seen }: Detection, confidence: number, detail: string): void {
    this.add({ ...seen, confidence, detail }, cite(alert, field));
  }

  get size(): number {
    return this.#drafts.size;
  }

  /** The most severe first. */
  result(summary: string): AnalyserResult {
    const findings = [...this.#drafts.values()].map(({ draft, citations, times }) => ({
      ...draft,
      title: cleanText(draft.title, 160),
      detail: cleanText(times > 1 ? `${draft.detail} Seen ${times} times.` : draft.detail, 1000),
      citations,
    }));
    findings.sort(
      (a, b) =>
        severityRank(b.severity) - severityRank(a.severity) ||
        b.confidence - a.confidence ||
        (a.id < b.id ? -1 : 1),
    );
    return { analyser: this.#analyser, summary, findings: findings.slice(0, maxFindings) };
  }
}

/** Cites a field of an alert, around `match` where the text is long. */
export function cite(alert: Alert, field: string, match = ""): Citation {
  const value = Object.hasOwn(alert.fields, field) ? (alert.fields[field] ?? "") : "";
  return {
    alertHash: alert.hash,
    field,
    excerpt: match === "" ? cleanText(value, 300) : excerptAround(value, match),
  };
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
