import type { Kernel, LogPage, SnapshotWithView, StoredCommit } from "../kernel/index.ts";
import { closeCodes } from "../protocol/close-code.ts";
import { parseWith } from "../protocol/command.ts";
import { SessileError, unreachable } from "../protocol/error.ts";
import {
  clientFrameSchema,
  type HelloFrame,
  type Peer,
  protocolVersion,
  type WelcomeFrame,
} from "../protocol/frame.ts";
import { type Json, parseJson } from "../protocol/json.ts";
import type { Limits } from "../protocol/limits.ts";
import { PeerRates } from "./meter/peer-rates.ts";
import { type ConnectedPeer, type Peers, shownBody } from "./peers.ts";
import type { SessionHooks } from "./session-hooks.ts";
import type { Visibility } from "./visibility.ts";
import type { VoiceHost } from "./voice/voice-host.ts";

export interface ClientFramesOptions {
  readonly kernel: Kernel;
  readonly visible: Visibility;
  readonly peers: Peers;
  readonly voice: VoiceHost;
  readonly limits: Limits;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly hooks: SessionHooks;
  readonly takeCommands: (socket: WebSocket, commands: readonly Json[], chars: number) => void;
  readonly presenceChanged: () => void;
  /** A signal that went to the others here goes to peers of other protocols too. */
  readonly signalled: (from: Peer, signal: Json) => void;
  /** A page of what is no longer in the hot log. */
  readonly readArchived: (after: number) => Promise<LogPage>;
}

/** Turns one socket's frames into reads and commands. Owns no state: where a peer stands is in `Peers`. */
export class ClientFrames {
  readonly #options: ClientFramesOptions;
  readonly #rates: PeerRates;

  constructor(options: ClientFramesOptions) {
    this.#options = options;
    this.#rates = new PeerRates(options.limits);
  }

  /** A frame that breaks the protocol ends the connection: guessing what it meant could lose a command. */
  receive(socket: WebSocket, message: string | ArrayBuffer): void {
    const { peers, voice } = this.#options;
    const peer = peers.get(socket);
    if (!peer) return;
    try {
      if (typeof message === "string") this.#handle(socket, peer, message);
      else voice.receive(socket, message);
    } catch (thrown) {
      const error = SessileError.from(thrown);
      peers.fail(socket, error, closeCodeOf(error));
    }
  }

  #handle(socket: WebSocket, peer: ConnectedPeer, text: string): void {
    const { limits, peers } = this.#options;
    const value = parseJson(text, { maxChars: limits.maxFrameChars, maxDepth: limits.maxDepth }, "frame");
    peers.assertReads(socket);
    if (isCommandsFrame(value)) {
      if (peer.phase === "greeting")
        throw new SessileError("bad_request", "The first frame must be hello.", { field: "t" });
      this.#rates.assertCommands(socket, value.commands.length, this.#options.now());
      this.#options.takeCommands(socket, value.commands, text.length);
      return;
    }
    const frame = parseWith(clientFrameSchema, value, "frame");
    if (frame.t !== "hello" && peer.phase === "greeting") {
      throw new SessileError("bad_request", "The first frame must be hello.", { field: "t" });
    }
    if (frame.t === "do") this.#rates.assertCommands(socket, frame.commands.length, this.#options.now());
    else if (frame.t !== "signal") this.#rates.assertOther(socket, this.#options.now());
    switch (frame.t) {
      case "hello":
        this.#greet(socket, frame);
        return;
      case "pull":
        if (peer.phase !== "sending") this.#sendPage(socket, frame.after);
        return;
      case "do":
        this.#options.takeCommands(socket, frame.commands, text.length);
        return;
      case "signal":
        if (text.length > limits.maxSignalChars)
          throw new SessileError(
            "limit_exceeded",
            `A signal is at most ${limits.maxSignalChars} characters: it goes to everybody who is here.`,
            { field: "signal", limit: "maxSignalChars" },
          );
        if (!this.#signalPasses(socket)) return;
        if (this.#options.hooks.onSignal(peer, frame.signal)) {
          const from = { peerId: peer.peerId, actor: peer.actor };
          peers.relay({ t: "signal", from, signal: frame.signal }, socket);
          this.#options.signalled(from, frame.signal);
        }
        return;
      case "voice":
        // Whoever leaves is let go, however often: they would stay in the call without being there.
        if (!frame.join || this.#joinPasses(socket)) this.#options.voice.request(socket, frame.join);
        return;
      default:
        unreachable(frame);
    }
  }

  #signalPasses(socket: WebSocket): boolean {
    const { now, peers } = this.#options;
    return this.#rates.passesSignal(socket, now(), (error) =>
      peers.send(socket, { t: "error", error: error.toWire() }),
    );
  }

  #joinPasses(socket: WebSocket): boolean {
    const { now, voice } = this.#options;
    return this.#rates.passesJoin(socket, now(), (error) => voice.refuse(socket, error));
  }

  #greet(socket: WebSocket, hello: HelloFrame): void {
    const { visible, peers, hooks } = this.#options;
    const peer = peers.get(socket);
    if (!peer) return;
    if (peer.phase !== "greeting")
      throw new SessileError("bad_request", "Hello was said already.", { field: "t" });
    if (!hooks.authorize(peer.actor, "read"))
      throw new SessileError("forbidden", "You may not read this session.");
    peers.greeted(socket, hello.events === false ? "sending" : "catchingUp", hello.short === true);
    hooks.onConnect(peer);
    const { view } = visible;
    // A cursor beyond the end belongs to a session that is no more: the client starts over.
    const resumes = hello.after !== undefined && hello.after <= view.lastSeq;
    const newest = hello.from === "snapshot" ? visible.lastSnapshot() : null;
    const sealed = newest && newest.toSeq > (resumes ? (hello.after ?? 0) : 0) ? newest : null;
    const draft = hello.events === false ? null : this.#options.kernel.drafts.of(peer.actor?.id);
    peers.send(socket, {
      t: "welcome",
      v: protocolVersion,
      peerId: peer.peerId,
      actor: peer.actor,
      lastSeq: view.lastSeq,
      createdAt: view.createdAt,
      ...(draft ? { draft } : {}),
      ...(sealed ? beginAt(sealed) : resumes ? {} : { view }),
    });
    if (hello.events === false) return;
    const first = resumes ? (hello.after ?? 0) : Math.max(0, view.lastSeq - (hello.history ?? view.lastSeq));
    this.#sendPage(socket, sealed?.toSeq ?? first);
    this.#options.presenceChanged();
  }

  /** One page; the last one makes the peer live in the same turn, so that nothing can come between. */
  #sendPage(socket: WebSocket, after: number): void {
    const { kernel, visible, peers } = this.#options;
    if (kernel.archive.holding(after)) {
      void this.#sendArchived(socket, after);
      return;
    }
    const { commits, more } = visible.readAfter(after);
    peers.sendText(socket, eventsFrame(commits, more));
    peers.setPhase(socket, more ? "catchingUp" : "live");
  }

  /** A page that takes time to get. It is never the last one, so nothing can come between it and live. */
  async #sendArchived(socket: WebSocket, after: number): Promise<void> {
    const { peers, readArchived } = this.#options;
    // It reads pages from now on, and may have been live.
    peers.setPhase(socket, "catchingUp");
    try {
      const { commits, more } = await readArchived(after);
      peers.sendText(socket, eventsFrame(commits, more));
    } catch (thrown) {
      const error = SessileError.from(thrown);
      peers.fail(socket, error, closeCodeOf(error));
    }
  }
}

/** What a welcome says when the client begins at a snapshot. */
function beginAt({ view, ...snapshot }: SnapshotWithView): Pick<WelcomeFrame, "view" | "snapshot"> {
  return { view, snapshot };
}

/** `EventsFrame` from stored bodies, without parsing them. */
function eventsFrame(commits: readonly StoredCommit[], more: boolean): string {
  return `{"t":"events","commits":[${commits.map(shownBody).join(",")}],"more":${more}}`;
}

/** The frame nearly all traffic comes in; recognised by hand for the reason given at `parseCommand`. */
function isCommandsFrame(value: Json): value is { readonly t: "do"; readonly commands: readonly Json[] } {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const { t, commands } = value as { readonly [key: string]: Json };
  if (t !== "do" || !Array.isArray(commands) || commands.length === 0) return false;
  for (const key in value) if (key !== "t" && key !== "commands") return false;
  return true;
}

export function closeCodeOf(error: SessileError): number {
  switch (error.code) {
    case "forbidden":
      return closeCodes.forbidden;
    case "not_found":
      return closeCodes.notFound;
    case "unauthenticated":
      return closeCodes.unauthenticated;
    case "internal":
    case "unavailable":
    case "overloaded":
    case "rate_limited":
      return closeCodes.restart;
    default:
      return closeCodes.protocolError;
  }
}
