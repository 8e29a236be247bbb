import {
  type Alert,
  correlate,
  fold,
  type IncidentSummary,
  parseIncidentKey,
  severityRank,
  telemetryKey,
} from "../../domain/index.ts";
import { alertRowOf } from "./alert-row.ts";

/** One alert on its way into the database, with what is worked out once from it. */
export interface PlacedAlert {
  readonly alert: Alert;
  readonly incident: string | null;
  readonly correlationKey: string | null;
}

export interface Written {
  readonly accepted: number;
  /** Incidents that got alerts. */
  readonly incidents: readonly string[];
  /** Those among them that have a session already. */
  readonly withSession: readonly string[];
}

export function place(alert: Alert): PlacedAlert {
  const correlation = correlate(alert);
  return { alert, incident: correlation?.name ?? null, correlationKey: correlation?.key ?? null };
}

const insertAlertsSql = `INSERT INTO alerts
  (hash, incident, at, kind, source, event, signature, severity, src, dest, host, user, telemetry_key, raw)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13
  FROM json_each(?1)`;

/** Grows an incident by the alerts of one batch: every column is a maximum, a minimum or a sum, so the order does not matter. */
const upsertIncidentsSql = `INSERT INTO incidents
  (name, correlation_key, title, search, rank, alert_severity, alert_type, first_at, last_at, alerts, created_at, updated_at, severity, type, status)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    value ->> 8, value ->> 9, ?2, ?2, value ->> 5, value ->> 6,
    coalesce((SELECT status FROM sessile_sessions WHERE sessionId = 'incident/' || (value ->> 0)), 'new')
  FROM json_each(?1) WHERE true
  ON CONFLICT (name) DO UPDATE SET
    title = CASE WHEN excluded.rank > rank THEN excluded.title ELSE title END,
    search = CASE WHEN excluded.rank > rank THEN excluded.search ELSE search END,
    alert_type = CASE WHEN excluded.rank > rank THEN excluded.alert_type ELSE alert_type END,
    type = CASE WHEN excluded.rank > rank AND verdict_type IS NULL THEN excluded.alert_type ELSE type END,
    rank = max(rank, excluded.rank),
    alert_severity = max(alert_severity, excluded.alert_severity),
    severity = max(severity, excluded.alert_severity),
    first_at = min(first_at, excluded.first_at),
    last_at = max(last_at, excluded.last_at),
    alerts = alerts + excluded.alerts,
    updated_at = max(updated_at, excluded.updated_at)`;

const sessionsSql = `SELECT substr(sessionId, 10) AS name FROM sessile_sessions
  WHERE sessionId IN (SELECT 'incident/' || value FROM json_each(?1))`;

const knownSql = "SELECT hash FROM alerts WHERE hash IN (SELECT value FROM json_each(?1))";

/**
 * Writes batches of alerts, each hash once, and grows their incidents in the same transaction. It first assumes that all
 * are new, as in most uploads; the unique hash refuses the whole batch if one is not, and then the known ones are left
 * out. A refusal means that somebody else's batch was committed, so trying again always ends.
 */
export class AlertWriter {
  readonly #db: D1Database;
  #expectsKnown = false;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** @param batch alerts with distinct hashes */
  async write(batch: readonly PlacedAlert[], now: number): Promise<Written> {
    for (;;) {
      const fresh = this.#expectsKnown ? await this.#withoutKnown(batch) : batch;
      if (this.#expectsKnown && fresh.length === batch.length) this.#expectsKnown = false;
      if (fresh.length === 0) return { accepted: 0, incidents: [], withSession: [] };
      const written = await this.#insert(fresh, now);
      if (written) return written;
      this.#expectsKnown = true;
    }
  }

  async #withoutKnown(batch: readonly PlacedAlert[]): Promise<readonly PlacedAlert[]> {
    const hashes = JSON.stringify(batch.map(({ alert }) => alert.hash));
    const { results } = await this.#db.prepare(knownSql).bind(hashes).all<{ hash: string }>();
    if (results.length === 0) return batch;
    const known = new Set(results.map(({ hash }) => hash));
    return batch.filter(({ alert }) => !known.has(alert.hash));
  }

  /** @returns null if one of them is known already */
  async #insert(batch: readonly PlacedAlert[], now: number): Promise<Written | null> {
    const incidents = summarise(batch);
    const names = JSON.stringify(incidents.map((row) => row[0]));
    try {
      const [, , sessions] = await this.#db.batch<{ name: string }>([
        this.#db.prepare(insertAlertsSql).bind(JSON.stringify(batch.map(rowOf))),
        this.#db.prepare(upsertIncidentsSql).bind(JSON.stringify(incidents), now),
        this.#db.prepare(sessionsSql).bind(names),
      ]);
      return {
        accepted: batch.length,
        incidents: incidents.map((row) => row[0]),
        withSession: sessions?.results.map(({ name }) => name) ?? [],
      };
    } catch (thrown) {
      if (isDuplicate(thrown)) return null;
      throw thrown;
    }
  }
}

function isDuplicate(thrown: unknown): boolean {
  return thrown instanceof Error && /UNIQUE constraint failed: alerts\.hash/.test(thrown.message);
}

type IncidentValues = readonly [name: string, ...values: (string | number)[]];

function summarise(batch: readonly PlacedAlert[]): IncidentValues[] {
  const groups = new Map<string, { key: string; alerts: Alert[] }>();
  for (const { alert, incident, correlationKey } of batch) {
    if (incident === null || correlationKey === null) continue;
    const group = groups.get(incident);
    if (group) group.alerts.push(alert);
    else groups.set(incident, { key: correlationKey, alerts: [alert] });
  }
  const rows: IncidentValues[] = [];
  for (const [name, { key, alerts }] of groups) {
    const summary = fold(undefined, alerts);
    if (summary) rows.push(incidentRow(name, key, summary));
  }
  return rows;
}

function incidentRow(name: string, key: string, summary: IncidentSummary): IncidentValues {
  const { title, rank, type, firstAt, lastAt, alertCount } = summary;
  const search = searchText(title, name, key);
  return [name, key, title, search, rank, severityRank(summary.severity), type, firstAt, lastAt, alertCount];
}

/** What the queue's search looks in: the title, the shared facts, the name. Title first, because it also sorts by title. */
function searchText(title: string, name: string, key: string): string {
  const fields = Object.values(parseIncidentKey(key)?.fields ?? {});
  return foldText([title, ...fields, name].join("\n"));
}

export function foldText(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

function rowOf({ alert, incident }: PlacedAlert): readonly (string | number | null)[] {
  const { hash, at, kind, source, event, signature, src, dest, host, user } = alertRowOf(alert);
  const severity = severityRank(alert.severity);
  const filedUnder = kind === "telemetry" ? (telemetryKey(alert) ?? null) : null;
  const { rawJson } = alert;
  return [
    hash,
    incident,
    at,
    kind,
    source,
    event,
    signature,
    severity,
    src,
    dest,
    host,
    user,
    filedUnder,
    rawJson,
  ];
}
