import type { D1Database } from "../record/index.ts";
import type { ArchiveBucket } from "./archiver.ts";

/** Bindings the base class looks for; all optional. */
export interface SessileBindings {
  /** D1: directory and mirror of the log. */
  readonly SESSILE_RECORD?: D1Database;
  /** R2: archived events. */
  readonly SESSILE_ARCHIVE?: ArchiveBucket;
  /** Fan-out of directory changes to open lists. */
  readonly SESSILE_FEED?: DurableObjectNamespace;
}
