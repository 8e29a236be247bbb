import type { Actor, CallPattern, SharedPolicy } from "../protocol/index.ts";
import type { D1Database } from "./d1.ts";
import type { GatePolicyStore } from "./gate-policy-store.ts";
import { migrateRecord } from "./migrations.ts";
import { queried } from "./record-error.ts";

interface PolicyRow {
  readonly policyId: string;
  readonly kind: string;
  readonly scope: SharedPolicy["scope"];
  readonly pattern: string;
  readonly madeBy: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly revokedBy: string | null;
}

const columns = "policyId, kind, scope, pattern, madeBy, createdAt, expiresAt, revokedAt, revokedBy";

/** Reads and writes go to the primary: a revoked policy must not live on in a replica. */
export function createD1GatePolicies(db: D1Database): GatePolicyStore {
  const query = async (sql: string, ...values: readonly (string | number | null)[]) => {
    await migrateRecord(db);
    const statement = db.prepare(sql).bind(...values);
    const { results } = await queried(() => statement.all<PolicyRow>());
    return results.map(policyOf);
  };
  const find = async (policyId: string) =>
    (await query(`SELECT ${columns} FROM sessile_gate_policies WHERE policyId = ?1`, policyId))[0] ?? null;
  return {
    find,
    async add(policy) {
      const { policyId, kind, scope, by, createdAt, expiresAt, ...pattern } = policy;
      await query(
        `INSERT INTO sessile_gate_policies (policyId, kind, scope, pattern, madeBy, makerId, createdAt, expiresAt)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
        policyId,
        kind,
        scope,
        JSON.stringify(pattern),
        JSON.stringify(by),
        by.id,
        createdAt,
        expiresAt,
      );
      return { ...policy, revokedAt: null, revokedBy: null };
    },
    async revoke(policyId, by, now) {
      await query(
        "UPDATE sessile_gate_policies SET revokedAt = ?2, revokedBy = ?3 WHERE policyId = ?1 AND revokedAt IS NULL",
        policyId,
        now,
        by && JSON.stringify(by),
      );
      return find(policyId);
    },
    list({ kind, userId, isInForce = false } = {}) {
      return query(
        `SELECT ${columns} FROM sessile_gate_policies
          WHERE (?1 IS NULL OR kind = ?1) AND (?2 = 0 OR scope = 'kind' OR makerId = ?3) AND (?4 = 0 OR revokedAt IS NULL)
          ORDER BY createdAt DESC, policyId LIMIT 1000`,
        kind ?? null,
        userId === undefined ? 0 : 1,
        userId ?? "",
        isInForce ? 1 : 0,
      );
    },
  };
}

function policyOf({ pattern, madeBy, revokedBy, ...row }: PolicyRow): SharedPolicy {
  return {
    ...row,
    ...(JSON.parse(pattern) as CallPattern),
    by: JSON.parse(madeBy) as Actor,
    revokedBy: revokedBy === null ? null : (JSON.parse(revokedBy) as Actor),
  };
}
