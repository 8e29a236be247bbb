import { SessileError } from "../protocol/error.ts";
import { eventIdOf, sessionKeyOf } from "../protocol/event-id.ts";
import {
  type Summary,
  type SummaryContent,
  type SummaryReason,
  type SummaryStyle,
  summaryBounds,
  summaryStyles,
} from "../protocol/summary.ts";
import type { SystemEventPayloads } from "../protocol/system-event.ts";
import type { Batch } from "./batch.ts";
import { numberAt, type Sql, type SqlRow, textAt } from "./sql.ts";

/** When summaries are made, and how much they may take. */
export interface SummaryPolicy {
  /** Whether a snapshot brings one. */
  readonly onSnapshot: boolean;
  /** Milliseconds between two that snapshots bring. */
  readonly minIntervalMs: number;
  /** Milliseconds between two that somebody asks for. */
  readonly cooldownMs: number;
  /** Of those that nobody asked for. */
  readonly style: SummaryStyle;
  /** Characters of events that the summariser reads at most. */
  readonly maxInputChars: number;
  readonly maxTextChars: number;
  /** Tries of the model; after the last, sentences are taken from the events. */
  readonly attempts: number;
  /** Milliseconds after which a try has failed. */
  readonly timeoutMs: number;
}

export const defaultSummaryPolicy: SummaryPolicy = {
  onSnapshot: true,
  minIntervalMs: 5 * 60_000,
  cooldownMs: 5 * 60_000,
  style: "brief",
  maxInputChars: 24_000,
  maxTextChars: 4000,
  attempts: 5,
  timeoutMs: 60_000,
};

/** A summary and the event that says it. */
export interface StoredSummary extends Summary {
  readonly seq: number;
}

export interface SummaryRequest {
  readonly seq: number;
  readonly style: SummaryStyle;
  readonly requestedAt: number;
}

/** What a summariser has made of which range, on its way into the log. */
export interface SummaryDraft extends SummaryContent {
  readonly base: Summary | null;
  readonly toSeq: number;
  readonly omittedEvents: number;
  readonly style: SummaryStyle;
  readonly reason: SummaryReason;
  readonly model: string;
}

/** Reads summaries and what is asked for. */
export class Summaries {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Newest first, those whose event comes before `before`. */
  list(limit: number, before = Number.MAX_SAFE_INTEGER): StoredSummary[] {
    return this.#sql
      .exec("SELECT * FROM _sessile_summary WHERE seq < ? ORDER BY seq DESC LIMIT ?", before, limit)
      .map(summaryOf);
  }

  /** The newest of this style, or of any. */
  last(style?: SummaryStyle, before = Number.MAX_SAFE_INTEGER): StoredSummary | null {
    if (style === undefined) return this.list(1, before)[0] ?? null;
    const row = this.#sql.exec(
      "SELECT * FROM _sessile_summary WHERE style = ? AND seq < ? ORDER BY seq DESC LIMIT 1",
      style,
      before,
    )[0];
    return row ? summaryOf(row) : null;
  }

  /** The newest made for this reason, of this style or of any. */
  lastFor(reason: SummaryReason, style: SummaryStyle | null = null): StoredSummary | null {
    const row = this.#sql.exec(
      "SELECT * FROM _sessile_summary WHERE reason = ? AND style = coalesce(?, style) ORDER BY seq DESC LIMIT 1",
      reason,
      style,
    )[0];
    return row ? summaryOf(row) : null;
  }

  lastRequest(): SummaryRequest | null {
    const row = this.#sql.exec("SELECT seq, style, requested_at FROM _sessile_summary_request")[0];
    if (!row) return null;
    return {
      seq: numberAt(row, "seq"),
      style: textAt(row, "style") as SummaryStyle,
      requestedAt: numberAt(row, "requested_at"),
    };
  }

  /** The request that has no summary yet. One of another style, which was asked for before it, may come in between. */
  pendingRequest(): SummaryRequest | null {
    const request = this.lastRequest();
    return request && (this.lastFor("request", request.style)?.seq ?? 0) < request.seq ? request : null;
  }

  /** Milliseconds until somebody may ask again; 0 is now. */
  cooldownRemainingMs(policy: SummaryPolicy, now: number): number {
    const request = this.lastRequest();
    return request ? Math.max(0, request.requestedAt + policy.cooldownMs - now) : 0;
  }

  /** Milliseconds since 1970 at which a snapshot may bring the next one. */
  nextOnSnapshotAt(policy: SummaryPolicy): number {
    const last = this.lastFor("snapshot");
    return last ? last.createdAt + policy.minIntervalMs : 0;
  }
}

/** @throws SessileError `bad_request` */
export function parseSummaryStyle(style: unknown): SummaryStyle {
  const known = summaryStyles.find((one) => one === style);
  if (known) return known;
  throw new SessileError("bad_request", `style is one of: ${summaryStyles.join(", ")}.`, { field: "style" });
}

/** Notes that somebody asked. @throws SessileError `rate_limited` with `cooldownRemaining` in seconds */
export function requestSummary(sql: Sql, batch: Batch, policy: SummaryPolicy, style: SummaryStyle): void {
  const waitMs = new Summaries(sql).cooldownRemainingMs(policy, batch.at);
  if (waitMs > 0) {
    throw new SessileError(
      "rate_limited",
      "A summary was asked for a short while ago. Read that one, or wait.",
      {
        field: "style",
        retryAfterMs: waitMs,
        cooldownRemaining: Math.ceil(waitMs / 1000),
      },
    );
  }
  const seq = batch.emitSystem("summary.requested", { style });
  putSummaryRequest(sql, { seq, style, requestedAt: batch.at });
}

/** Adds a summary as the session's own event, cut to its bounds. */
export function createSummary(sql: Sql, batch: Batch, policy: SummaryPolicy, draft: SummaryDraft): Summary {
  const { base, toSeq, omittedEvents, style, reason, model } = draft;
  const { kind, name } = batch.view;
  const seq = batch.lastSeq + 1;
  const payload: SystemEventPayloads["summary.created"] = {
    summaryId: eventIdOf(sessionKeyOf(`${kind}.summary`, name), seq, batch.at),
    baseSummaryId: base?.summaryId ?? null,
    fromSeq: (base?.toSeq ?? 0) + 1,
    toSeq,
    omittedEvents,
    style,
    reason,
    model: cut(model, 128),
    ...boundContent(draft, policy.maxTextChars),
  };
  batch.as(null, () => batch.emitSystem("summary.created", payload));
  const summary = { ...payload, createdAt: batch.at };
  putSummary(sql, { ...summary, seq });
  return summary;
}

export function putSummaryRequest(sql: Sql, { seq, style, requestedAt }: SummaryRequest): void {
  sql.exec("INSERT OR REPLACE INTO _sessile_summary_request VALUES (1, ?, ?, ?)", seq, style, requestedAt);
}

export function putSummary(sql: Sql, { seq, createdAt, ...body }: StoredSummary): void {
  const { toSeq, style, reason } = body;
  sql.exec(
    "INSERT INTO _sessile_summary VALUES (?, ?, ?, ?, ?, ?)",
    seq,
    toSeq,
    style,
    reason,
    createdAt,
    JSON.stringify(body),
  );
}

/** Whoever wrote it: no more than the bounds, and nothing that is not text. */
function boundContent(content: SummaryContent, maxTextChars: number): SummaryContent {
  const { maxTopics, maxTopicChars, maxItems, maxItemChars } = summaryBounds;
  return {
    text: cut(content.text, maxTextChars),
    keyTopics: lines(content.keyTopics, maxTopics, maxTopicChars),
    actionItems: lines(content.actionItems, maxItems, maxItemChars),
  };
}

function lines(values: readonly string[], count: number, maxChars: number): string[] {
  const whole = values
    .map((value) => cut(value.replace(/\s+/g, " "), maxChars))
    .filter((value) => value !== "");
  return [...new Set(whole)].slice(0, count);
}

/** Never cuts a character in half, and drops control characters other than line breaks and tabs. */
function cut(text: string, maxChars: number): string {
  const clean = text
    .replace(/(?![\n\t])\p{Cc}/gu, "")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .trim();
  if (clean.length <= maxChars) return clean;
  const end = maxChars - 1;
  const splits = /[\uD800-\uDBFF]/.test(clean.charAt(end - 1));
  return `${clean.slice(0, splits ? end - 1 : end).trimEnd()}…`;
}

function summaryOf(row: SqlRow): StoredSummary {
  return {
    ...(JSON.parse(textAt(row, "body")) as Omit<Summary, "createdAt">),
    createdAt: numberAt(row, "created_at"),
    seq: numberAt(row, "seq"),
  };
}
