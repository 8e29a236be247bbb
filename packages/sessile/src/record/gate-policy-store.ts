import type { Actor, SharedPolicy } from "../protocol/index.ts";

export interface PolicyQuery {
  /** Default: every kind. */
  readonly kind?: string;
  /** Those of the whole kind, and of this user; null is nobody. Absent: of everyone. */
  readonly userId?: string | null;
  /** Leaves out what was revoked. */
  readonly isInForce?: boolean;
}

/**
 * What is allowed beyond one session: in every session of a kind, or in calls on behalf of one user. It is its own truth, no part of any log;
 * rows are never changed but for the revocation, so they are their own audit as well.
 */
export interface GatePolicyStore {
  add(policy: Omit<SharedPolicy, "revokedAt" | "revokedBy">): Promise<SharedPolicy>;
  /** Null if there is none; one that was revoked stays as it is. */
  revoke(policyId: string, by: Actor | null, now: number): Promise<SharedPolicy | null>;
  find(policyId: string): Promise<SharedPolicy | null>;
  /** Newest first, at most 1000. */
  list(query?: PolicyQuery): Promise<readonly SharedPolicy[]>;
}
