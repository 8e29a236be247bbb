import type { Migration, Sql, SqlRow } from "../../kernel/index.ts";
import { numberAt, numberOrNullAt, textAt, textOrNullAt } from "../../kernel/sql.ts";
import { literalPrefix, matchesGlob } from "../../protocol/stream-glob.ts";
import type {
  StreamStanding,
  SubscribedStream,
  SubscriptionConfig,
} from "../../protocol/stream-subscription.ts";

/** The tables of the object that holds a deployment's subscriptions. */
export const subscriptionMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "subscriptions",
    up(sql) {
      sql.exec(
        "CREATE TABLE subscription (id TEXT PRIMARY KEY, config TEXT NOT NULL, origin TEXT NOT NULL, incarnation TEXT NOT NULL, created_at INTEGER NOT NULL, generation INTEGER NOT NULL, wake_id TEXT, holder TEXT, lease_until INTEGER, attempts INTEGER NOT NULL, attempt_at INTEGER, in_flight INTEGER NOT NULL) WITHOUT ROWID",
      );
      sql.exec("CREATE INDEX subscription_attempt ON subscription (attempt_at) WHERE attempt_at IS NOT NULL");
      sql.exec("CREATE INDEX subscription_lease ON subscription (lease_until) WHERE lease_until IS NOT NULL");
      sql.exec(
        "CREATE TABLE link (subscription_id TEXT NOT NULL, path TEXT NOT NULL, is_explicit INTEGER NOT NULL, is_glob INTEGER NOT NULL, acked INTEGER, PRIMARY KEY (subscription_id, path)) WITHOUT ROWID",
      );
      sql.exec("CREATE INDEX link_path ON link (path)");
      sql.exec("CREATE INDEX link_unsettled ON link (path) WHERE acked IS NULL");
      sql.exec(
        "CREATE TABLE stream (path TEXT PRIMARY KEY, identity TEXT NOT NULL, tail INTEGER NOT NULL) WITHOUT ROWID",
      );
      sql.exec("CREATE TABLE secret (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
    },
  },
];

/** A subscription, and the wake that is under way. */
export interface SubscriptionRow {
  readonly id: string;
  readonly config: SubscriptionConfig;
  readonly origin: string;
  /** Tells apart subscriptions that had the same id one after the other. */
  readonly incarnation: string;
  readonly createdAt: number;
  readonly generation: number;
  readonly wakeId: string | null;
  /** The worker that has claimed the wake. */
  readonly holder: string | null;
  readonly leaseUntil: number | null;
  /** Deliveries of this wake that have failed. */
  readonly attempts: number;
  /** When it is delivered next; while a delivery is in flight, when that is given up. */
  readonly attemptAt: number | null;
  readonly inFlight: boolean;
}

type LinkType = SubscribedStream["linkType"];

const pendingLinks =
  "FROM link JOIN stream USING (path) WHERE subscription_id = ? AND acked IS NOT NULL AND tail > acked";

/** Subscriptions, the streams they are linked to, and the names of all streams there are. */
export class SubscriptionTable {
  readonly #sql: Sql;
  #patterns: readonly { readonly id: string; readonly config: SubscriptionConfig }[] | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  count(): number {
    return this.#number("SELECT count(*) AS n FROM subscription");
  }

  find(id: string): SubscriptionRow | null {
    const [row] = this.#sql.exec("SELECT * FROM subscription WHERE id = ?", id);
    return row ? subscriptionOf(row) : null;
  }

  add(row: SubscriptionRow): void {
    this.#patterns = null;
    this.save(row);
  }

  /** What it is for stays as it is. */
  save(row: SubscriptionRow): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.id,
      JSON.stringify(row.config),
      row.origin,
      row.incarnation,
      row.createdAt,
      row.generation,
      row.wakeId,
      row.holder,
      row.leaseUntil,
      row.attempts,
      row.attemptAt,
      Number(row.inFlight),
    );
  }

  remove(id: string): void {
    this.#patterns = null;
    this.#sql.exec("DELETE FROM link WHERE subscription_id = ?", id);
    this.#sql.exec("DELETE FROM subscription WHERE id = ?", id);
  }

  /** Subscriptions whose lease has run out. */
  expired(now: number): readonly SubscriptionRow[] {
    return this.#sql.exec("SELECT * FROM subscription WHERE lease_until <= ?", now).map(subscriptionOf);
  }

  /** Subscriptions whose wake is to be delivered. */
  due(now: number, limit: number): readonly SubscriptionRow[] {
    return this.#sql
      .exec("SELECT * FROM subscription WHERE attempt_at <= ? ORDER BY attempt_at LIMIT ?", now, limit)
      .map(subscriptionOf);
  }

  /** The next time at which something is due. */
  nextDue(): number | null {
    const [row = {}] = this.#sql.exec(
      "SELECT (SELECT min(lease_until) FROM subscription WHERE lease_until IS NOT NULL) AS lease, (SELECT min(attempt_at) FROM subscription WHERE attempt_at IS NOT NULL) AS attempt",
    );
    const times = [numberOrNullAt(row, "lease"), numberOrNullAt(row, "attempt")].filter((at) => at !== null);
    return times.length > 0 ? Math.min(...times) : null;
  }

  /** Deliveries that a crash has cut off. */
  forgetFlights(now: number): void {
    this.#sql.exec("UPDATE subscription SET in_flight = 0, attempt_at = ? WHERE in_flight = 1", now);
  }

  /** `acked` null: wherever the stream ends, which it has to be asked for. A link that is there keeps what it has. */
  link(id: string, path: string, type: LinkType, acked: number | null): void {
    const [isExplicit, isGlob] = [Number(type === "explicit"), Number(type === "glob")];
    this.#sql.exec(
      "INSERT INTO link VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET is_explicit = is_explicit | excluded.is_explicit, is_glob = is_glob | excluded.is_glob",
      id,
      path,
      isExplicit,
      isGlob,
      acked,
    );
  }

  unlink(id: string, path: string): void {
    this.#sql.exec("UPDATE link SET is_explicit = 0 WHERE subscription_id = ? AND path = ?", id, path);
    this.#sql.exec("DELETE FROM link WHERE subscription_id = ? AND path = ? AND is_glob = 0", id, path);
  }

  linkCount(id: string): number {
    return this.#number("SELECT count(*) AS n FROM link WHERE subscription_id = ?", id);
  }

  acked(id: string, path: string): { readonly acked: number; readonly tail: number } | null {
    const [row] = this.#sql.exec(
      "SELECT acked, coalesce(tail, 0) AS tail FROM link LEFT JOIN stream USING (path) WHERE subscription_id = ? AND path = ? AND acked IS NOT NULL",
      id,
      path,
    );
    return row ? { acked: numberAt(row, "acked"), tail: numberAt(row, "tail") } : null;
  }

  /** A cursor never goes back. */
  ack(id: string, path: string, offset: number): void {
    this.#sql.exec(
      "UPDATE link SET acked = max(acked, ?) WHERE subscription_id = ? AND path = ?",
      offset,
      id,
      path,
    );
  }

  /** Those with pending chunks first. */
  links(id: string, limit: number): readonly SubscribedStream[] {
    return this.#sql
      .exec(
        "SELECT path, is_explicit, coalesce(acked, tail, 0) AS acked, coalesce(tail, 0) AS tail FROM link LEFT JOIN stream USING (path) WHERE subscription_id = ? ORDER BY coalesce(tail, 0) > coalesce(acked, tail, 0) DESC, path LIMIT ?",
        id,
        limit,
      )
      .map((row) => ({
        path: textAt(row, "path"),
        linkType: numberAt(row, "is_explicit") === 1 ? "explicit" : "glob",
        acked: numberAt(row, "acked"),
        tail: numberAt(row, "tail"),
      }));
  }

  hasPending(id: string): boolean {
    return this.#number(`SELECT EXISTS (SELECT 1 ${pendingLinks}) AS n`, id) === 1;
  }

  firstPending(id: string): string | null {
    const [row] = this.#sql.exec(`SELECT path ${pendingLinks} ORDER BY path LIMIT 1`, id);
    return row ? textAt(row, "path") : null;
  }

  linkedTo(path: string): readonly string[] {
    return this.#sql
      .exec("SELECT subscription_id FROM link WHERE path = ?", path)
      .map((row) => textAt(row, "subscription_id"));
  }

  /** Streams that have to be asked where they end, in order; those of one subscription, or all. */
  unsettled(id: string | null, after: string, limit: number): readonly string[] {
    return this.#sql
      .exec(
        "SELECT DISTINCT path FROM link WHERE acked IS NULL AND path > ? AND subscription_id = coalesce(?, subscription_id) ORDER BY path LIMIT ?",
        after,
        id,
        limit,
      )
      .map((row) => textAt(row, "path"));
  }

  settle(path: string, tail: number): void {
    this.#sql.exec("UPDATE link SET acked = ? WHERE path = ? AND acked IS NULL", tail, path);
  }

  stream(path: string): StreamStanding | null {
    const [row] = this.#sql.exec("SELECT identity, tail FROM stream WHERE path = ?", path);
    return row ? { identity: textAt(row, "identity"), tail: numberAt(row, "tail") } : null;
  }

  saveStream(path: string, { identity, tail }: StreamStanding): void {
    this.#sql.exec("INSERT OR REPLACE INTO stream VALUES (?, ?, ?)", path, identity, tail);
  }

  /** With all links to it, explicit ones too: a stream made anew under its name is another. */
  removeStream(path: string): void {
    this.#sql.exec("DELETE FROM link WHERE path = ?", path);
    this.#sql.exec("DELETE FROM stream WHERE path = ?", path);
  }

  /** Names of streams a subscription's pattern covers, at most `limit`. */
  covered(config: SubscriptionConfig, limit: number): readonly string[] {
    if (config.pattern === null) return [];
    const prefix = literalPrefix(config.pattern);
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const page: readonly SqlRow[] = this.#sql.exec(
        `SELECT path FROM stream WHERE path ${after === null ? ">=" : ">"} ? ORDER BY path LIMIT 500`,
        after ?? prefix,
      );
      for (const row of page) {
        const path = textAt(row, "path");
        if (!path.startsWith(prefix) || found.length === limit) return found;
        if (covers(config, path)) found.push(path);
        after = path;
      }
      if (page.length < 500) return found;
    }
  }

  /** Ids of subscriptions whose pattern covers a stream. */
  covering(path: string): readonly string[] {
    this.#patterns ??= this.#sql
      .exec("SELECT id, config FROM subscription")
      .map((row) => ({ id: textAt(row, "id"), config: configOf(row) }));
    return this.#patterns.filter(({ config }) => covers(config, path)).map(({ id }) => id);
  }

  secret(name: string): string | null {
    const [row] = this.#sql.exec("SELECT value FROM secret WHERE name = ?", name);
    return row ? textAt(row, "value") : null;
  }

  saveSecret(name: string, value: string): void {
    this.#sql.exec("INSERT INTO secret VALUES (?, ?)", name, value);
  }

  transaction<T>(body: () => T extends PromiseLike<unknown> ? never : T): T {
    return this.#sql.transaction<T>(body);
  }

  #number(query: string, ...values: readonly string[]): number {
    const [row = {}] = this.#sql.exec(query, ...values);
    return numberAt(row, "n");
  }
}

/** Its own wakes wake nobody. */
function covers({ pattern, wakeStream }: SubscriptionConfig, path: string): boolean {
  return pattern !== null && path !== wakeStream && matchesGlob(pattern, path);
}

function configOf(row: SqlRow): SubscriptionConfig {
  return JSON.parse(textAt(row, "config")) as SubscriptionConfig;
}

function subscriptionOf(row: SqlRow): SubscriptionRow {
  return {
    id: textAt(row, "id"),
    config: configOf(row),
    origin: textAt(row, "origin"),
    incarnation: textAt(row, "incarnation"),
    createdAt: numberAt(row, "created_at"),
    generation: numberAt(row, "generation"),
    wakeId: textOrNullAt(row, "wake_id"),
    holder: textOrNullAt(row, "holder"),
    leaseUntil: numberOrNullAt(row, "lease_until"),
    attempts: numberAt(row, "attempts"),
    attemptAt: numberOrNullAt(row, "attempt_at"),
    inFlight: numberAt(row, "in_flight") === 1,
  };
}
