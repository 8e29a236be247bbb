import type { UsageEntry, UsageKind, UsageReport, UsageRollup } from "./usage.ts";

export interface UsagePage {
  readonly entries: readonly UsageEntry[];
  readonly hasMore: boolean;
}

/** What sessions have used. In a session object it is the session's own meter; elsewhere a table of D1 counts by the same rules. */
export interface UsageStore {
  /** @returns false if an entry of this id was recorded before */
  recordEntry(entry: UsageReport & { readonly sessionId: string }): Promise<boolean>;
  /** Newest first; `before` is the `seq` of the last entry of the page before. */
  getEntries(
    sessionId: string,
    options?: { readonly kinds?: readonly UsageKind[]; readonly before?: number; readonly limit?: number },
  ): Promise<UsagePage>;
  getRollup(sessionId: string): Promise<UsageRollup>;
}
