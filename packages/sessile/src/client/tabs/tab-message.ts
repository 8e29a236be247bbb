import type { Actor } from "../../protocol/index.ts";
import type { TransportName } from "../environment.ts";

/**
 * What tabs of one browser say to each other about one session. A *hub* holds the connection, a *link* is one connection of it: what
 * belongs to another link than the present one is late, and dropped.
 */
export type TabMessage =
  /** Is there a hub? */
  | { readonly t: "seek" }
  | { readonly t: "hub"; readonly hub: string }
  /** A tab that knows the log up to `after` wants to talk. */
  | { readonly t: "join"; readonly hub: string; readonly tab: string; readonly after: number }
  | {
      readonly t: "joined";
      readonly tab: string;
      readonly link: string;
      readonly peerId: string;
      readonly actor: Actor | null;
      readonly via: TransportName;
      /** Who is there, as the frame that was last received. */
      readonly presence: string | null;
    }
  | { readonly t: "leave"; readonly tab: string }
  | { readonly t: "send"; readonly link: string; readonly tab: string; readonly text: string }
  /** A frame of the server, or a signal of another tab, for all but `except`. */
  | { readonly t: "text"; readonly link: string; readonly text: string; readonly except?: string }
  | { readonly t: "refresh"; readonly link: string; readonly tab: string }
  | { readonly t: "refreshed"; readonly tab: string }
  /** The link has ended, or came to nothing. */
  | { readonly t: "closed"; readonly hub: string; readonly code: number; readonly reason: string };
