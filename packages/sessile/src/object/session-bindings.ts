import type { D1Database } from "../record/index.ts";
import type { ArchiveBucket } from "./keeping/archiver.ts";
import type { ErasableBucket } from "./keeping/eraser.ts";
import type { PartBucket } from "./keeping/part-store.ts";

/** Bindings the base class looks for; all optional. */
export interface SessileBindings {
  /** From which level on entries of operator logs are shown on the console too: `debug`, `info`, `warn` or `error`. Default: none. */
  readonly SESSILE_CONSOLE_LEVEL?: string;
  /** D1: directory and mirror of the log. */
  readonly SESSILE_RECORD?: D1Database;
  /** R2: archived events. */
  readonly SESSILE_ARCHIVE?: ArchiveBucket & ErasableBucket;
  /** R2: parts that events refer to. */
  readonly SESSILE_PARTS?: PartBucket & ErasableBucket;
  /** Standalone streams: the namespace of `StreamObject`, by which forks find what they were forked from. */
  readonly SESSILE_STREAM?: DurableObjectNamespace;
  /** Subscriptions to standalone streams: the namespace of `StreamSubscriptions`. */
  readonly SESSILE_SUBSCRIPTIONS?: DurableObjectNamespace;
  /** `StreamRelay`: serves readers of streams that have more than their object takes. */
  readonly SESSILE_RELAY?: DurableObjectNamespace;
  /** Fan-out of directory changes to open lists. */
  readonly SESSILE_FEED?: DurableObjectNamespace;
}
