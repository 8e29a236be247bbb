import type { IncidentType } from "../domain/model/incident-type.ts";
import type { Severity } from "../domain/model/severity.ts";
import type { IncidentStatus } from "./incident.ts";

/** `GET /api/config`: what this deployment can do. */
export interface AppConfig {
  /** `state-3-do`: every incident has a durable session. `state-2-d1`: D1 alone; no sessions, and the page says so. */
  readonly state: "state-2-d1" | "state-3-do";
  readonly startOn: "open" | "button";
  /** The model that agents ask; null: there are no agents. */
  readonly model: string | null;
  /** Said on the page when something is off. */
  readonly off: readonly string[];
  readonly profile: Profile | null;
}

/** A local profile: the name people see. Kept in a signed cookie. */
export interface Profile {
  readonly id: string;
  readonly name: string;
}

/** `POST /api/alerts`: accepted + duplicates + rejected.length = records in (rejected lists at most 1,000; `rejectedTotal` counts all). */
export interface IngestAnswer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly position: number; readonly reason: string }[];
  readonly rejectedTotal: number;
  /** Names of the incidents that got alerts, at most 1,000. */
  readonly incidents: readonly string[];
  readonly incidentsTotal: number;
}

/**
 * One line of progress while a body is taken in: `POST /api/alerts` with `Accept: application/x-ndjson` answers these, one a
 * line, and an `IngestAnswer` with `"t":"done"` as the last.
 */
export interface IngestProgress {
  readonly t: "progress";
  readonly records: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** One row of the queue. */
export interface IncidentRow {
  readonly name: string;
  readonly title: string;
  readonly severity: Severity;
  readonly type: IncidentType;
  readonly status: IncidentStatus;
  readonly alerts: number;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly updatedAt: number;
}

/**
 * `GET /api/incidents?status=&severity=&type=&q=&sort=&limit=&cursor=`. `status`, `severity`, `type` take comma lists;
 * `sort` is one of `-severity` (default), `-lastAt`, `lastAt`, `-alerts`, `-updatedAt`, `title`; `limit` at most 500.
 */
export interface IncidentPage {
  readonly items: readonly IncidentRow[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  /** Rows that match, all pages. */
  readonly total: number;
}

/** `GET /api/summary`: the chart and the counters above the queue, for the same filters. */
export interface QueueSummary {
  readonly byStatus: Readonly<Record<IncidentStatus, number>>;
  readonly bySeverity: Readonly<Record<Severity, number>>;
  /** Incidents by time of their latest alert, at most 60 buckets of equal length. */
  readonly arrivals: readonly {
    readonly from: number;
    readonly to: number;
    readonly counts: Readonly<Record<Severity, number>>;
  }[];
}

/** `GET /api/incidents/:name`: what D1 knows of one incident; with `state-2-d1` this is all there is. */
export interface IncidentDetail {
  readonly incident: IncidentRow;
  /** "Why is this one incident?" in sentences, and the rule as data. */
  readonly why: {
    readonly sentence: string;
    readonly rule: string;
    readonly fields: Readonly<Record<string, string>>;
    readonly from: number;
    readonly to: number;
  };
}

/** `GET /api/incidents/:name/alerts?kind=alert|telemetry&limit=&cursor=`: newest last; raw records on demand by hash. */
export interface AlertRow {
  readonly hash: string;
  readonly at: number;
  readonly source: string;
  readonly kind: "alert" | "telemetry";
  readonly event: string;
  readonly signature: string | null;
  readonly severity: Severity;
  readonly src: string | null;
  readonly dest: string | null;
  readonly host: string | null;
  readonly user: string | null;
}

export interface AlertPage {
  readonly items: readonly AlertRow[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  readonly total: number;
}

/** `GET /api/alerts/:hash`: the record as it came in, its numbers with all their digits. */
export interface RawAlert {
  readonly hash: string;
  readonly raw: unknown;
}

/** `GET /api/feed` (WebSocket): `{ "t": "directory", "changes": […] }` from the directory; names match `IncidentRow.name`. `POST /api/profile` `{ name }`, `DELETE /api/profile`. */
export const feedPath = "/api/feed";
