import type { D1Database } from "../record/index.ts";

/** Bindings the base class looks for; all optional. */
export interface SessileBindings {
  /** D1: directory and mirror of the log. */
  readonly SESSILE_RECORD?: D1Database;
  /** Fan-out of directory changes to open lists. */
  readonly SESSILE_FEED?: DurableObjectNamespace;
}
