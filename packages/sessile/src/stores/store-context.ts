import type { StoreContext } from "./guarded-write.ts";

export interface StoreOptions {
  /** Milliseconds since 1970. Default: the platform's clock. */
  readonly now?: () => number;
}

/** Ids of writes need not be secret, only never the same twice in one session. */
export function storeContext({ now = Date.now }: StoreOptions = {}): StoreContext {
  let source = "";
  let writes = 0;
  return {
    now,
    writeId() {
      // Made late: a store may be created where Workers give no random numbers yet.
      source ||= Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);
      return `${source}.${++writes}`;
    },
  };
}
