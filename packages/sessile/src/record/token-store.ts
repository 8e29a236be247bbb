import { type Action, type Actor, actions } from "../protocol/index.ts";
import type { D1Database } from "./d1.ts";
import { migrateRecord } from "./migrations.ts";
import { queried } from "./record-error.ts";

/** What a token may do in its owner's name; never more than its owner. */
export interface TokenGrant {
  readonly label: string;
  readonly rights: readonly Action[];
  /** Milliseconds since 1970; null never expires. */
  readonly expiresAt: number | null;
}

export interface StoredToken extends TokenGrant {
  readonly tokenId: string;
  readonly createdAt: number;
  /** To the hour, so that using a token is not a write each time. */
  readonly lastUsedAt: number | null;
}

/** API tokens: known here by their hashes only, gone when revoked. */
export interface TokenStore {
  create(
    token: { readonly tokenId: string; readonly hash: string },
    actor: Actor,
    grant: TokenGrant,
    now: number,
  ): Promise<StoredToken>;
  list(actorId: string): Promise<readonly StoredToken[]>;
  /** False if this actor has no such token. */
  revoke(actorId: string, tokenId: string): Promise<boolean>;
  /** Whose token has this hash; null if it is unknown, revoked or expired. */
  find(
    hash: string,
    now: number,
  ): Promise<{ readonly actor: Actor; readonly rights: readonly Action[] } | null>;
}

const usedEveryMs = 3_600_000;

interface TokenRow {
  readonly tokenId: string;
  readonly actorId: string;
  readonly actorName: string | null;
  readonly label: string;
  readonly rights: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
}

const columns = "tokenId, actorId, actorName, label, rights, createdAt, expiresAt, lastUsedAt";

/** Reads and writes go to the primary: a revoked token must not live on in a replica. */
export function createTokenStore(db: D1Database): TokenStore {
  const query = async (
    sql: string,
    ...values: readonly (string | number | null)[]
  ): Promise<readonly TokenRow[]> => {
    await migrateRecord(db);
    const { results } = await queried(() =>
      db
        .prepare(sql)
        .bind(...values)
        .all<TokenRow>(),
    );
    return results;
  };
  return {
    async create({ tokenId, hash }, actor, grant, now) {
      const { label, rights, expiresAt } = grant;
      await query(
        `INSERT INTO sessile_tokens (hash, tokenId, actorId, actorName, label, rights, createdAt, expiresAt)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
        hash,
        tokenId,
        actor.id,
        actor.name ?? null,
        label,
        JSON.stringify(rights),
        now,
        expiresAt,
      );
      return { tokenId, label, rights, expiresAt, createdAt: now, lastUsedAt: null };
    },
    async list(actorId) {
      const rows = await query(
        `SELECT ${columns} FROM sessile_tokens WHERE actorId = ?1 ORDER BY createdAt DESC, tokenId`,
        actorId,
      );
      return rows.map(shown);
    },
    async revoke(actorId, tokenId) {
      const gone = await query(
        `DELETE FROM sessile_tokens WHERE actorId = ?1 AND tokenId = ?2 RETURNING ${columns}`,
        actorId,
        tokenId,
      );
      return gone.length > 0;
    },
    async find(hash, now) {
      const [row] = await query(`SELECT ${columns} FROM sessile_tokens WHERE hash = ?1`, hash);
      if (!row || (row.expiresAt !== null && row.expiresAt <= now)) return null;
      if (row.lastUsedAt === null || now - row.lastUsedAt >= usedEveryMs)
        await query("UPDATE sessile_tokens SET lastUsedAt = ?2 WHERE hash = ?1", hash, now);
      const { actorId: id, actorName: name } = row;
      return { actor: { id, ...(name === null ? {} : { name }) }, rights: rightsOf(row) };
    },
  };
}

function shown(row: TokenRow): StoredToken {
  const { tokenId, label, createdAt, expiresAt, lastUsedAt } = row;
  return { tokenId, label, rights: rightsOf(row), createdAt, expiresAt, lastUsedAt };
}

/** Only rights this version knows. */
function rightsOf({ rights }: TokenRow): readonly Action[] {
  const names = JSON.parse(rights) as readonly string[];
  return actions.filter((action) => names.includes(action));
}
