import type { Json } from "./json.ts";

/** The one pending message of a session, as its author sees it. Outside the log until it is sent. */
export interface Draft {
  /** Becomes the event's `clientEventId` when the draft is sent. */
  readonly draftId: string;
  readonly type: string;
  readonly payload: Json;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}
