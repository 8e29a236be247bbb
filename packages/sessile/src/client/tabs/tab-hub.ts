import {
  type Commit,
  type CommitFrame,
  type HelloFrame,
  lastSeqOf,
  type Peer,
  pingText,
  pongText,
  protocolVersion,
  type ServerFrame,
  type WelcomeFrame,
} from "../../protocol/index.ts";
import { probeWithinMs } from "../connection-state.ts";
import type { Clock, SocketLike } from "../environment.ts";
import { parseServerFrame } from "../server-frame.ts";
import type { TabMessage } from "./tab-message.ts";

export interface TabHubOptions {
  readonly channelName: string;
  /** Opens the connection to the server. */
  readonly open: () => SocketLike;
  readonly clock: Clock;
}

const connectionLost = 1006;

/**
 * Holds the one connection for all tabs of a browser: passes on what they send, and to all of them what the server sends. It keeps
 * nothing of the session, so nothing is lost with it; tabs read what they missed for themselves.
 */
export class TabHub {
  readonly #id = crypto.randomUUID();
  readonly #options: TabHubOptions;
  readonly #channel: BroadcastChannel;
  readonly #tabs = new Set<string>();
  #isClosed = false;
  #waiting: string[] = [];
  #socket: SocketLike | null = null;
  #link = "";
  #peer: Peer | null = null;
  #presence: string | null = null;
  /** Seq up to which events were passed on. */
  #cursor = 0;
  /** Since when an answer is owed: the welcome, or to a ping. */
  #askedAt: number | null = null;

  constructor(options: TabHubOptions) {
    this.#options = options;
    this.#channel = new BroadcastChannel(options.channelName);
    this.#channel.onmessage = ({ data }) => this.#onMessage(data as TabMessage);
    this.#tell({ t: "hub", hub: this.#id });
  }

  close(): void {
    this.#end(connectionLost, "");
    this.#isClosed = true;
    this.#channel.close();
  }

  #onMessage(message: TabMessage): void {
    if (message.t === "seek") this.#tell({ t: "hub", hub: this.#id });
    else if (message.t === "leave") this.#leave(message.tab);
    else if (message.t === "join" && message.hub === this.#id) this.#join(message.tab, message.after);
    else if (message.t === "send" && message.link === this.#link) this.#send(message.tab, message.text);
    else if (message.t === "refresh" && message.link === this.#link) void this.#refresh(message.tab);
  }

  #join(tab: string, after: number): void {
    this.#tabs.add(tab);
    this.#waiting.push(tab);
    if (this.#peer) this.#letIn();
    else if (!this.#socket) this.#connect(after);
  }

  #leave(tab: string): void {
    if (!this.#tabs.delete(tab)) return;
    this.#waiting = this.#waiting.filter((each) => each !== tab);
    // It may have given up because nothing comes any more; as long as others stay, nobody else would ever find out.
    const isDead = this.#askedAt !== null && this.#options.clock.now() - this.#askedAt >= probeWithinMs;
    if (this.#tabs.size === 0 || isDead) this.#end(connectionLost, "");
  }

  #send(tab: string, text: string): void {
    if (text === pingText) this.#askedAt ??= this.#options.clock.now();
    this.#socket?.send(text);
    if (!text.startsWith('{"t":"signal"')) return;
    // The server sends it to other peers, and for it all tabs are one.
    const { signal } = JSON.parse(text) as { readonly signal: unknown };
    this.#pass(JSON.stringify({ t: "signal", from: this.#peer, signal }), tab);
  }

  async #refresh(tab: string): Promise<void> {
    await this.#socket?.refresh?.();
    this.#tell({ t: "refreshed", tab });
  }

  #connect(after: number): void {
    const socket = this.#options.open();
    const isPresent = () => socket === this.#socket;
    this.#socket = socket;
    this.#link = crypto.randomUUID();
    this.#cursor = after;
    this.#askedAt = this.#options.clock.now();
    const hello: HelloFrame = { t: "hello", v: protocolVersion, after, short: true };
    socket.addEventListener("open", () => isPresent() && socket.send(JSON.stringify(hello)));
    socket.addEventListener("message", ({ data }) => {
      if (isPresent() && typeof data === "string") this.#onText(data);
    });
    socket.addEventListener("error", () => {});
    socket.addEventListener("close", ({ code = connectionLost, reason = "" }) => {
      if (isPresent()) this.#end(code, reason);
    });
  }

  #onText(text: string): void {
    this.#askedAt = null;
    if (text === pongText) {
      this.#pass(text);
      return;
    }
    // Times in short frames are of no interest here.
    const frame = parseServerFrame(text, 0);
    if (frame?.t === "welcome") this.#onWelcome(frame);
    else if (frame?.t === "events") this.#onPage(frame.commits, frame.more);
    else if (frame?.t === "behind") this.#pull();
    else {
      if (frame) this.#note(frame, text);
      this.#pass(text);
    }
  }

  #onWelcome({ view, peerId, actor }: WelcomeFrame): void {
    // What the tabs know is of another log; each finds that out for itself.
    if (view !== undefined) {
      this.#end(connectionLost, "");
      return;
    }
    this.#peer = { peerId, actor };
    this.#letIn();
  }

  #letIn(): void {
    if (!this.#peer) return;
    const { peerId, actor } = this.#peer;
    const via = this.#socket?.via ?? "websocket";
    const presence = this.#presence;
    for (const tab of this.#waiting.splice(0))
      this.#tell({ t: "joined", tab, link: this.#link, peerId, actor, via, presence });
  }

  /** Only this hub has asked for pages; to the tabs they are what has just happened. */
  #onPage(commits: readonly Commit[], more: boolean): void {
    this.#advance(commits);
    const frame: CommitFrame = { t: "commit", commits };
    if (commits.length > 0) this.#pass(JSON.stringify(frame));
    if (more) this.#pull();
  }

  #note(frame: ServerFrame, text: string): void {
    if (frame.t === "presence") this.#presence = text;
    if (frame.t === "commit") this.#advance(frame.commits ?? (frame.commit ? [frame.commit] : []));
  }

  #advance(commits: readonly Commit[]): void {
    for (const commit of commits) this.#cursor = Math.max(this.#cursor, lastSeqOf(commit));
  }

  #pull(): void {
    this.#socket?.send(JSON.stringify({ t: "pull", after: this.#cursor }));
  }

  #end(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#link = "";
    this.#peer = null;
    this.#presence = null;
    this.#askedAt = null;
    this.#tabs.clear();
    this.#waiting = [];
    socket?.close(1000);
    this.#tell({ t: "closed", hub: this.#id, code, reason });
  }

  #pass(text: string, except?: string): void {
    this.#tell({ t: "text", link: this.#link, text, ...(except === undefined ? {} : { except }) });
  }

  #tell(message: TabMessage): void {
    if (this.#isClosed) return;
    this.#channel.postMessage(message);
  }
}
