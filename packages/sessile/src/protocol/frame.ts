import * as z from "zod/mini";
import type { Draft } from "./draft.ts";
import type { WireError } from "./error.ts";
import type { Actor, Commit } from "./event.ts";
import type { Json } from "./json.ts";
import type { QuotaStatus } from "./quota.ts";
import type { Snapshot } from "./snapshot.ts";
import { protocolVersion } from "./subprotocol.ts";
import type { SessionView } from "./view.ts";
import type { VoiceFrame } from "./voice.ts";

export { pingText, pongText, protocolVersion, subprotocol } from "./subprotocol.ts";

const seq = z.number().check(z.int(), z.nonnegative());
const json = z.custom<Json>((value) => value !== undefined);

const hello = z.strictObject({
  t: z.literal("hello"),
  v: z.literal(protocolVersion),
  /** Resume: send everything after this seq. */
  after: z.optional(seq),
  /** First visit: send the view and at most this many of the latest events. Ignored with `after`. */
  history: z.optional(seq),
  /** Begin with the newest snapshot instead of everything missed, if it is newer than `after`. */
  from: z.optional(z.literal("snapshot")),
  /** False: this peer only sends commands and wants no events (default true). */
  events: z.optional(z.boolean()),
  /** True: this peer reads short frames (`short-frame.ts`). */
  short: z.optional(z.boolean()),
});
const pull = z.strictObject({ t: z.literal("pull"), after: seq });
const commands = z.strictObject({ t: z.literal("do"), commands: z.array(json).check(z.minLength(1)) });
const signal = z.strictObject({ t: z.literal("signal"), signal: json });
/** Joins the session's call, or leaves it. Audio itself comes in binary frames (`audio-frame.ts`). */
const voice = z.strictObject({ t: z.literal("voice"), join: z.boolean() });

/** Client to server. Commands are parsed one by one (`parseCommand`), so that a bad one fails alone. */
export const clientFrameSchema = z.discriminatedUnion("t", [hello, pull, commands, signal, voice]);
export type ClientFrame = z.infer<typeof clientFrameSchema>;
export type HelloFrame = z.infer<typeof hello>;

/** How one command of a `do` frame ended; sent only after it is durable. */
export type Ack =
  | { readonly id: string; readonly seq: number; readonly repeated?: true; readonly result?: Json }
  | { readonly id: string; readonly error: WireError };

/** What a request is told of a command: that, or that an asynchronous call still runs. */
export type RequestAck = Ack | { readonly id: string; readonly running: true };

export interface Peer {
  readonly peerId: string;
  readonly actor: Actor | null;
}

export interface WelcomeFrame {
  readonly t: "welcome";
  readonly v: typeof protocolVersion;
  readonly peerId: string;
  readonly actor: Actor | null;
  readonly lastSeq: number;
  /**
   * When the session was created, in milliseconds since 1970. A resumed client that knows another time starts over: the
   * name was given to a new session whose log happens to be longer, which `lastSeq` alone cannot show.
   */
  readonly createdAt?: number;
  /** Present unless the client resumed by `after`. It stands at `view.lastSeq`; only later commits are to be folded into it. */
  readonly view?: SessionView;
  /** Present if the client asked for it: then `view` is the snapshot's, and the events after `toSeq` follow. */
  readonly snapshot?: Snapshot;
  /** The pending message, if it is this peer's own. */
  readonly draft?: Draft;
}

/** What is pending now, to its author's own peers only. Outside the sequence: the welcome says it again. */
export interface DraftFrame {
  readonly t: "draft";
  readonly draft: Draft | null;
}

/** One commit as it happens, or the commits of one recorded batch, and the outcomes of this peer's commands in it. */
export interface CommitFrame {
  readonly t: "commit";
  readonly commit?: Commit;
  /** Instead of `commit`, where several were recorded together. */
  readonly commits?: readonly Commit[];
  readonly acks?: readonly Ack[];
}

/** A page of catch-up. While `more`, the client asks for the next page with `pull`; without it the peer is live. */
export interface EventsFrame {
  readonly t: "events";
  readonly commits: readonly Commit[];
  readonly more: boolean;
}

/** The peer read too slowly and gets no live commits until it pulls again. */
export interface BehindFrame {
  readonly t: "behind";
  readonly lastSeq: number;
}

export interface SignalFrame {
  readonly t: "signal";
  readonly from: Peer;
  readonly signal: Json;
}

export interface PresenceFrame {
  readonly t: "presence";
  readonly count: number;
  /** At most the first 50. */
  readonly peers: readonly Peer[];
}

/** What is left of this peer's quota, after each of its commands that was charged or refused for it. */
export interface QuotaFrame {
  readonly t: "quota";
  readonly quota: QuotaStatus;
}

export interface ErrorFrame {
  readonly t: "error";
  readonly error: WireError;
}

/** Server to client. A client ignores frames and fields it does not know. */
export type ServerFrame =
  | WelcomeFrame
  | CommitFrame
  | EventsFrame
  | BehindFrame
  | SignalFrame
  | PresenceFrame
  | DraftFrame
  | QuotaFrame
  | VoiceFrame
  | ErrorFrame;
