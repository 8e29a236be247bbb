import { quotaDayOf } from "../protocol/index.ts";
import type { D1Database, D1PreparedStatement } from "./d1.ts";
import { migrateRecord } from "./migrations.ts";
import type { QuotaCharge, QuotaStore, QuotaVerdict } from "./quota-store.ts";
import { queried } from "./record-error.ts";

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** How long a day's sum is kept. Keys go after the next day: a retry may come after midnight. */
const keptDays = 31;
/** Charges of one batch; D1 bounds the statements of one invocation. */
const maxBatch = 40;
const prunedAtOnce = 200;

/** On which a command may have been charged before; on the day after by a clock that was set back since. */
const knownDays = "(?1, ?2, date(?1, '+1 day'))";

/** Answers a row if it charged, and none if it did not; the trigger `sessile_quota_counted` adds the units to the day. */
const chargeSql = `INSERT INTO sessile_quota_charges (day, subject, action, chargeKey, units, minute)
  SELECT ?1, ?3, ?4, ?5, price.units, ?7 FROM (
    SELECT CASE WHEN COUNT(*) % (?10 + 1) = 0 THEN ?6 ELSE 0 END AS units
    FROM sessile_quota_charges WHERE day IN ${knownDays} AND subject = ?3 AND action = ?4
  ) AS price
  LEFT JOIN sessile_quota_days AS today ON today.day = ?1 AND today.subject = ?3
  WHERE NOT EXISTS (SELECT 1 FROM sessile_quota_charges
      WHERE day IN ${knownDays} AND subject = ?3 AND action = ?4 AND chargeKey = ?5)
    AND (price.units = 0 OR (
      (?8 IS NULL OR COALESCE(today.used, 0) + price.units <= ?8)
      AND (?9 IS NULL OR CASE WHEN today.minute >= ?7 THEN today.usedInMinute ELSE 0 END + price.units <= ?9)))
  RETURNING units`;

const verdictSql = `SELECT
  COALESCE((SELECT used FROM sessile_quota_days WHERE day = ?1 AND subject = ?3), 0) AS used,
  EXISTS (SELECT 1 FROM sessile_quota_charges
    WHERE day IN ${knownDays} AND subject = ?3 AND action = ?4 AND chargeKey = ?5) AS known`;

interface VerdictRow {
  readonly used: number;
  readonly known: number;
}

/** Quotas on one D1 database; its tables belong to the record's migrations. */
export function createD1QuotaStore(db: D1Database): QuotaStore {
  return {
    async charge(charges, now) {
      await migrateRecord(db);
      const verdicts: QuotaVerdict[] = [];
      for (let from = 0; from < charges.length; from += maxBatch)
        verdicts.push(...(await chargeBatch(db, charges.slice(from, from + maxBatch), now)));
      return verdicts;
    },
    async used(subject, now) {
      await migrateRecord(db);
      const query = "SELECT used FROM sessile_quota_days WHERE day = ?1 AND subject = ?2";
      const { results } = await queried(() =>
        db.prepare(query).bind(quotaDayOf(now), subject).all<{ used: number }>(),
      );
      return results[0]?.used ?? 0;
    },
  };
}

/** One transaction: whoever charges the same subject elsewhere comes before all of it or after. */
async function chargeBatch(
  db: D1Database,
  charges: readonly QuotaCharge[],
  now: number,
): Promise<readonly QuotaVerdict[]> {
  const [day, dayBefore] = [quotaDayOf(now), quotaDayOf(now - dayMs)];
  const minute = Math.floor(now / minuteMs);
  const statements = charges.flatMap((charge) => {
    const { subject, action, key, units, perDay, perMinute, freeRetries } = charge;
    const values = [day, dayBefore, subject, action, key];
    return [
      db.prepare(chargeSql).bind(...values, units, minute, perDay, perMinute, freeRetries),
      db.prepare(verdictSql).bind(...values),
    ];
  });
  const answers = await queried(() => db.batch<VerdictRow>([...statements, ...pruning(db, dayBefore, now)]));
  return charges.map(({ units, perDay }, index) => {
    const [written, read] = [answers[2 * index], answers[2 * index + 1]?.results[0]];
    const used = read?.used ?? 0;
    if (written && written.results.length > 0) return { is: "charged", used };
    if (read?.known === 1) return { is: "repeated", used };
    return { is: perDay !== null && used + units > perDay ? "day" : "minute", used };
  });
}

/** A little with every batch, so that it never takes long; without old rows it reads none. */
function pruning(db: D1Database, dayBefore: string, now: number): D1PreparedStatement[] {
  return [
    db
      .prepare(
        `DELETE FROM sessile_quota_charges WHERE (day, subject, action, chargeKey) IN
          (SELECT day, subject, action, chargeKey FROM sessile_quota_charges WHERE day < ?1 LIMIT ${prunedAtOnce})`,
      )
      .bind(dayBefore),
    db
      .prepare(
        `DELETE FROM sessile_quota_days WHERE (day, subject) IN
          (SELECT day, subject FROM sessile_quota_days WHERE day < ?1 LIMIT ${prunedAtOnce})`,
      )
      .bind(quotaDayOf(now - keptDays * dayMs)),
  ];
}
