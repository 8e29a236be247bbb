import { mayHold, type StoredCommit } from "../../kernel/index.ts";
import { type AgentsClientFrame, readAgentsFrame } from "../../protocol/agents-frame.ts";
import type { Outcome } from "../../protocol/command.ts";
import { SessileError, unreachable } from "../../protocol/error.ts";
import type { Peer } from "../../protocol/frame.ts";
import type { Json } from "../../protocol/json.ts";
import type { Limits } from "../../protocol/limits.ts";
import type { Clock } from "../clock.ts";
import type { CommandIntake, Sender } from "../command-intake.ts";
import { PeerRates } from "../meter/peer-rates.ts";
import type { Peers } from "../peers.ts";
import type { SessionHooks } from "../session-hooks.ts";
import type { Visibility } from "../visibility.ts";
import { AgentsCalls } from "./agents-calls.ts";
import { type AgentsPeer, AgentsPeers } from "./agents-peers.ts";

export interface AgentsFaceOptions {
  readonly context: DurableObjectState;
  readonly limits: Limits;
  readonly hooks: SessionHooks;
  readonly clock: Clock;
  readonly session: {
    readonly visible: Visibility;
    readonly intake: CommandIntake;
    /** Those of the session's own protocol. */
    readonly peers: Peers;
  };
  readonly presenceChanged: () => void;
}

/** Within it a client may have written its state before it read the one it was sent. */
const crossingMs = 5000;

/**
 * Agents SDK clients, unmodified: identity, the whole state in both directions, calls and messages. Their writes and calls are
 * ordinary commands.
 */
export class AgentsFace {
  readonly peers: AgentsPeers;
  readonly #options: AgentsFaceOptions;
  readonly #calls: AgentsCalls;
  readonly #rates: PeerRates;
  /** When each was last sent a state. An object that hibernates has been quiet for longer than `crossingMs`. */
  readonly #toldAt = new WeakMap<WebSocket, number>();
  /** Seq of the last state each wrote itself, which it therefore has. */
  readonly #wrote = new WeakMap<WebSocket, number>();
  #isDue = false;

  constructor(options: AgentsFaceOptions) {
    this.#options = options;
    this.peers = new AgentsPeers(options.context, options.limits);
    this.#rates = new PeerRates(options.limits);
    const { hooks, session } = options;
    const { visible, intake } = session;
    this.#calls = new AgentsCalls({
      hooks,
      visible,
      intake,
      peers: this.peers,
      answering: () => this.#tellState(),
    });
    this.#calls.endForgotten();
  }

  /** @throws SessileError `forbidden`, `overloaded` */
  accept(sender: Sender, agent: string): Response {
    const { hooks, session } = this.#options;
    if (!hooks.authorize(sender.actor, "read"))
      throw new SessileError("forbidden", "You may not read this session.");
    this.peers.assertRoom(session.peers.sockets.length);
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    const peer = { ...sender, peerId: crypto.randomUUID() };
    this.peers.accept(server, peer);
    const { name } = session.visible.view;
    this.peers.send(server, { type: "cf_agent_identity", name, agent, stateFollows: true });
    this.#sendState(server);
    hooks.onConnect(peer);
    this.#options.presenceChanged();
    return new Response(null, { status: 101, webSocket: client });
  }

  receive(socket: WebSocket, message: string | ArrayBuffer): void {
    const peer = this.peers.get(socket);
    if (!peer) return;
    try {
      if (typeof message !== "string")
        throw new SessileError("bad_request", "Binary frames are not taken here.");
      this.#handle(socket, peer, readAgentsFrame(message, this.#options.limits), message.length);
    } catch (thrown) {
      this.peers.fail(socket, SessileError.from(thrown));
    }
  }

  /** @returns whether it was one of these */
  left(socket: WebSocket): boolean {
    const peer = this.peers.left(socket);
    if (!peer) return false;
    this.#calls.left(socket);
    this.#options.hooks.onDisconnect(peer);
    return true;
  }

  /** What has just become visible. The state goes out once for all of it, and before the answers of calls that came to it. */
  shown(commits: readonly StoredCommit[]): void {
    if (this.#isDue || this.peers.size === 0) return;
    if (!commits.some((stored) => mayHold(stored, "state."))) return;
    this.#isDue = true;
    // Once it is known whose write it was.
    queueMicrotask(() => this.#tellState());
  }

  /** A signal of another peer. */
  signalled({ peerId, actor }: Peer, signal: Json, except: WebSocket | null = null): void {
    if (this.peers.size === 0) return;
    const text = JSON.stringify({ type: "sessile_signal", from: { peerId, actor }, signal });
    for (const socket of this.peers.sockets) if (socket !== except) this.peers.sendText(socket, text);
  }

  #handle(socket: WebSocket, peer: AgentsPeer, frame: AgentsClientFrame, chars: number): void {
    if (frame.is === "message") {
      this.#message(socket, peer, frame.message, chars);
      return;
    }
    this.#rates.assertCommands(socket, 1, this.#options.clock.now());
    switch (frame.is) {
      case "state":
        this.#options.session.intake.fromPeer(
          socket,
          peer,
          { command: { op: "setState", state: frame.state }, chars },
          (outcome) => this.#written(socket, outcome),
        );
        return;
      case "call":
        this.#calls.begin(socket, peer, frame, chars);
        return;
      case "foreign":
        return;
      default:
        unreachable(frame);
    }
  }

  #message(socket: WebSocket, { peerId, actor }: AgentsPeer, message: Json, chars: number): void {
    const { hooks, limits, clock, session } = this.#options;
    if (chars > limits.maxSignalChars)
      throw new SessileError("limit_exceeded", `A message is at most ${limits.maxSignalChars} characters.`, {
        limit: "maxSignalChars",
      });
    // These clients know no frame that would tell them.
    if (!this.#rates.passesSignal(socket, clock.now(), () => {})) return;
    const from = { peerId, actor };
    if (!hooks.onSignal(from, message)) return;
    session.peers.relay({ t: "signal", from, signal: message }, null);
    this.signalled(from, message, socket);
  }

  /** The client shows what it wrote before it hears of this: after a refusal it needs the true state to go back to. */
  #written(socket: WebSocket, outcome: Outcome): void {
    if (outcome.ok) {
      this.#wrote.set(socket, outcome.seq);
      return;
    }
    if (!this.peers.has(socket)) return;
    const { code, message } = outcome.error;
    const error = code === "forbidden" ? "Connection is readonly" : "State update rejected";
    this.peers.send(socket, { type: "cf_agent_state_error", error, code, detail: message });
    this.#sendState(socket);
  }

  #tellState(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    const { clock, session } = this.#options;
    const { version, state } = session.visible.view;
    const now = clock.now();
    const text = JSON.stringify({ type: "cf_agent_state", state });
    for (const socket of this.peers.sockets) {
      const isOwn = this.#wrote.get(socket) === version;
      // A state that was on its way when the client wrote has replaced, there, what it wrote.
      const mayHaveCrossed = now - (this.#toldAt.get(socket) ?? 0) < crossingMs;
      if (isOwn && !mayHaveCrossed) continue;
      this.#toldAt.set(socket, now);
      this.peers.sendText(socket, text);
    }
  }

  #sendState(socket: WebSocket): void {
    const { clock, session } = this.#options;
    this.#toldAt.set(socket, clock.now());
    this.peers.send(socket, { type: "cf_agent_state", state: session.visible.view.state });
  }
}
