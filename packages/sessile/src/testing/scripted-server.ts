import {
  type Ack,
  type Actor,
  type ClientFrame,
  type Command,
  type Commit,
  diffState,
  emptyView,
  foldCommit,
  foldEvent,
  type Json,
  lastSeqOf,
  type PackedEvent,
  pingText,
  pongText,
  type ServerFrame,
  type SessionView,
  type WireError,
} from "../protocol/index.ts";
import { type FakeSocket, fakeWebSocket, type SocketPair, type SocketPairOptions } from "./socket-pair.ts";

export interface ScriptedServerOptions extends SocketPairOptions {
  readonly kind?: string;
  readonly name?: string;
  /** Commits of one page of catch-up. Default 2. */
  readonly pageCommits?: number;
  /** State of the session when it is created. Default `{}`. */
  readonly state?: Json;
  /** Changes of the state are sent as patches. Default false. */
  readonly patches?: boolean;
}

interface ScriptedPeer {
  readonly socket: FakeSocket;
  isLive: boolean;
}

/** The server's side of the wire in a few lines: one session, its log in memory, commands applied as they come. */
export class ScriptedServer {
  readonly WebSocket: new (
    url: string,
    protocols: string[],
  ) => FakeSocket;
  /** Every connection so far, oldest first. */
  readonly pairs: SocketPair[] = [];
  readonly frames: ClientFrame[] = [];
  log: Commit[] = [];
  /** Answers a command with an error instead of applying it. */
  refuse: (command: Command) => WireError | null = () => null;
  /** Whom the welcome names. */
  actor: Actor | null = { id: "ada" };
  /** False: connections stay unopened. */
  isAccepting = true;
  /** False: `ping` is not answered. */
  answersPing = true;
  readonly #options: Required<Omit<ScriptedServerOptions, "delivery">>;
  #peers: ScriptedPeer[] = [];
  #at = Date.UTC(2030, 0, 1);

  constructor(options: ScriptedServerOptions = {}) {
    const { delivery = "auto", kind = "note", name = "n1", pageCommits = 2, state = {} } = options;
    this.#options = { kind, name, pageCommits, state, patches: options.patches ?? false };
    this.WebSocket = fakeWebSocket((pair) => this.#accept(pair), { delivery });
    this.#create();
  }

  get lastSeq(): number {
    const last = this.log.at(-1);
    return last ? lastSeqOf(last) : 0;
  }

  get view(): SessionView {
    return this.log.reduce(
      (view, commit) => foldCommit(view, commit),
      emptyView(this.#options.kind, this.#options.name),
    );
  }

  get pair(): SocketPair {
    const pair = this.pairs.at(-1);
    if (!pair) throw new Error("Nobody has connected yet.");
    return pair;
  }

  /** Writes events as one commit and tells live peers. */
  commit(...events: PackedEvent[]): Commit {
    const commit = this.#append(events);
    this.tell(commit);
    return commit;
  }

  /** Tells live peers of a commit of the log. */
  tell(commit: Commit): void {
    for (const peer of this.#peers) if (peer.isLive) send(peer, { t: "commit", commit });
  }

  /** Sends to the newest connection whatever the test likes. */
  send(frame: ServerFrame | { readonly t: string }): void {
    this.pair.server.send(JSON.stringify(frame));
  }

  /** Loses all data and all connections, as a deleted folder does. */
  wipe(): void {
    for (const pair of this.pairs) pair.break();
    this.log = [];
    this.#at += 86_400_000;
    this.#create();
  }

  #create(): void {
    const { kind, name, state } = this.#options;
    this.#append([
      { type: "session.created", payload: { kind, name, state, status: "new" } },
      { type: "session.lifecycle_changed", payload: { from: "initializing", to: "active" } },
    ]);
  }

  #append(events: readonly PackedEvent[]): Commit {
    this.#at += 1;
    const commit: Commit = { firstSeq: this.lastSeq + 1, at: this.#at, actors: [{ id: "ada" }], events };
    this.log.push(commit);
    return commit;
  }

  #accept(pair: SocketPair): void {
    this.pairs.push(pair);
    if (!this.isAccepting) return;
    const peer: ScriptedPeer = { socket: pair.server, isLive: false };
    this.#peers.push(peer);
    pair.server.addEventListener("close", () => {
      this.#peers = this.#peers.filter((other) => other !== peer);
    });
    pair.server.onMessage((text) => this.#onText(peer, text));
    pair.open();
  }

  #onText(peer: ScriptedPeer, text: string): void {
    if (text === pingText) {
      if (this.answersPing) peer.socket.send(pongText);
      return;
    }
    const frame = JSON.parse(text) as ClientFrame;
    this.frames.push(frame);
    if (frame.t === "hello") this.#onHello(peer, frame.after, frame.history ?? 0);
    else if (frame.t === "pull") this.#page(peer, frame.after);
    else if (frame.t === "do") this.#onCommands(peer, frame.commands as Command[]);
  }

  #onHello(peer: ScriptedPeer, after: number | undefined, history: number): void {
    const { lastSeq, view } = this;
    const welcome = {
      t: "welcome",
      v: 1,
      peerId: "p1",
      actor: this.actor,
      lastSeq,
      createdAt: view.createdAt,
    } as const;
    send(peer, after === undefined ? { ...welcome, view } : welcome);
    this.#page(peer, after ?? Math.max(0, lastSeq - history));
  }

  #page(peer: ScriptedPeer, after: number): void {
    const rest = this.log.filter((commit) => lastSeqOf(commit) > after);
    const commits = rest.slice(0, this.#options.pageCommits);
    const more = rest.length > commits.length;
    peer.isLive = !more;
    send(peer, { t: "events", commits, more });
  }

  #onCommands(peer: ScriptedPeer, commands: readonly Command[]): void {
    const { acks, commit } = this.run(commands);
    for (const other of this.#peers) {
      const isOwn = other === peer;
      const seen = commit && other.isLive ? { commit } : {};
      if (isOwn || seen.commit) send(other, { t: "commit", ...seen, ...(isOwn ? { acks } : {}) });
    }
  }

  /** Applies commands as one commit and tells nobody. */
  run(commands: readonly Command[]): { readonly acks: readonly Ack[]; readonly commit: Commit | undefined } {
    const events: PackedEvent[] = [];
    const acks: Ack[] = [];
    let { view } = this;
    for (const command of commands) {
      const id = command.id as string;
      const error = this.refuse(command) ?? overtaken(command, view);
      const seq = this.#seqOf(id);
      if (seq !== null) acks.push({ id, seq, repeated: true });
      else if (error) acks.push({ id, error });
      else {
        const event = packed(command, id, this.#options.patches ? view : null);
        events.push(event);
        view = foldEvent(view, event, this.lastSeq + events.length, 0);
        acks.push({
          id,
          seq: this.lastSeq + events.length,
          ...(command.op === "call" ? { result: command.args } : {}),
        });
      }
    }
    return { acks, commit: events.length > 0 ? this.#append(events) : undefined };
  }

  #seqOf(id: string): number | null {
    for (const commit of this.log) {
      const index = commit.events.findIndex((event) => event.clientEventId === id);
      if (index >= 0) return commit.firstSeq + index;
    }
    return null;
  }
}

function overtaken(command: Command, { version }: SessionView): WireError | null {
  if (command.op !== "setState" || command.ifVersion === undefined || command.ifVersion === version)
    return null;
  return {
    code: "precondition_failed",
    message: "The state was changed meanwhile.",
    currentVersion: version,
  };
}

/** @param view what a patch is made for; null: the whole state goes */
function packed(command: Command, clientEventId: string, view: SessionView | null): PackedEvent {
  const own = { by: 0, clientEventId };
  if (command.op === "append") return { ...own, type: command.type, payload: command.payload ?? null };
  if (command.op === "setState") {
    const change = view
      ? { base: view.version, patch: diffState(view.state, command.state) }
      : { state: command.state };
    return { ...own, type: "state.changed", payload: change as Json };
  }
  if (command.op === "setStatus")
    return { ...own, type: "status.changed", payload: { from: null, to: command.to } };
  return { ...own, type: "call.completed", payload: { method: command.op } };
}

function send(peer: ScriptedPeer, frame: ServerFrame): void {
  peer.socket.send(JSON.stringify(frame));
}
