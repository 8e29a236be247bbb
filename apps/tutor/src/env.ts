import type { GeneratedEnv } from "@sessions/env";

export interface Env extends GeneratedEnv {
  readonly SESSILE_RECORD: D1Database;
  /** Signs names and salts addresses. The embedded server makes one. */
  readonly SESSILE_SECRET?: string;
}
