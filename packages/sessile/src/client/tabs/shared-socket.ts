import {
  type ClientFrame,
  type HelloFrame,
  pingText,
  type ServerFrame,
  SessileError,
} from "../../protocol/index.ts";
import type { Clock, SocketEvent, SocketLike, TransportName } from "../environment.ts";
import { closeCodeOf } from "../refusal-code.ts";
import { commitOf, firstCursor, type SessionRequests } from "../session-requests.ts";
import { PagePace } from "../transports/page-pace.ts";
import type { Candidacy } from "./tab-election.ts";
import type { TabMessage } from "./tab-message.ts";

export interface SharedSocketOptions {
  readonly channelName: string;
  readonly candidacy: Candidacy;
  readonly requests: SessionRequests;
  readonly clock: Clock;
  /** What is used unless the hub says otherwise. */
  readonly via: TransportName;
  /** The server calls this tab otherwise than the one that holds the connection. */
  readonly onStranger: () => void;
}

type Joined = Extract<TabMessage, { readonly t: "joined" }>;
type SocketEventType = "open" | "message" | "close" | "error";

/** A hub answers in a turn; one that has not by then is frozen. */
const answerWithinMs = 3_000;
const connectionLost = 1006;

/**
 * A connection by way of the tab that holds one. Greeting and pages are this tab's own requests; what it sends, and what is new,
 * goes through the other. To its client it is a socket like any, which may be lost and come back.
 */
export class SharedSocket implements SocketLike {
  readonly isShared = true;
  readonly #options: SharedSocketOptions;
  readonly #id = crypto.randomUUID();
  readonly #channel: BroadcastChannel;
  readonly #listeners: { readonly type: SocketEventType; readonly run: (event: SocketEvent) => void }[] = [];
  readonly #ended = new AbortController();
  readonly #pace = new PagePace();
  #seeking: unknown = null;
  #hub: string | null = null;
  #link: string | null = null;
  #via: TransportName;
  /** Whatever befalls the hub's connection is of interest from here on. */
  #hasAsked = false;
  #onJoined: (joined: Joined) => void = () => {};
  #refreshes: (() => void)[] = [];
  /** A draft was heard of since the page under way was asked for. */
  #hasDraft = false;

  constructor(options: SharedSocketOptions) {
    this.#options = options;
    this.#via = options.via;
    this.#channel = new BroadcastChannel(options.channelName);
    this.#channel.onmessage = ({ data }) => this.#onMessage(data as TabMessage);
    const { signal } = this.#ended;
    globalThis.document?.addEventListener("visibilitychange", () => this.#onVisibility(), { signal });
    this.#seek();
  }

  get via(): TransportName {
    return this.#via;
  }

  addEventListener(type: SocketEventType, run: (event: SocketEvent) => void): void {
    this.#listeners.push({ type, run });
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (typeof data !== "string") return;
    // Commands, which are most of it and may be long, need not be understood.
    const isPassedOn = data === pingText || data.startsWith('{"t":"do"');
    const frame = isPassedOn ? null : (JSON.parse(data) as ClientFrame);
    if (frame?.t === "hello") void this.#guard(() => this.#greet(frame));
    else if (frame?.t === "pull") void this.#guard(() => this.#read(frame.after));
    else if (this.#link !== null) this.#tell({ t: "send", link: this.#link, tab: this.#id, text: data });
  }

  close(): void {
    this.#end(1000, "");
  }

  refresh(): Promise<void> | undefined {
    const link = this.#link;
    if (link === null || this.#via === "websocket") return undefined;
    return new Promise<void>((resolve) => {
      this.#refreshes.push(resolve);
      this.#tell({ t: "refresh", link, tab: this.#id });
    });
  }

  #onMessage(message: TabMessage): void {
    switch (message.t) {
      case "hub":
        this.#onHub(message.hub);
        break;
      case "joined":
        if (message.tab === this.#id) this.#onJoined(message);
        break;
      case "text":
        if (message.link === this.#link && message.except !== this.#id) this.#onText(message.text);
        break;
      case "refreshed":
        if (message.tab === this.#id) for (const resolve of this.#refreshes.splice(0)) resolve();
        break;
      case "closed":
        if (message.hub === this.#hub && this.#hasAsked) this.#end(message.code, message.reason);
        break;
      default:
    }
  }

  #seek(): void {
    const { clock, candidacy } = this.#options;
    clock.clearTimeout(this.#seeking);
    this.#seeking = clock.setTimeout(() => candidacy.takeOver(), answerWithinMs);
    this.#tell({ t: "seek" });
  }

  /** Some systems freeze every tab that is not looked at, the one with the connection too. */
  #onVisibility(): void {
    if (globalThis.document.visibilityState !== "visible") return;
    this.#seek();
    if (this.#via === "poll") void this.refresh();
  }

  #onHub(hub: string): void {
    this.#options.clock.clearTimeout(this.#seeking);
    if (this.#hub === hub) return;
    if (this.#hub !== null) {
      this.#end(connectionLost, "");
      return;
    }
    this.#hub = hub;
    this.#emit({ type: "open" });
  }

  #onText(text: string): void {
    if (text.startsWith('{"t":"draft"')) this.#hasDraft = true;
    this.#emit({ type: "message", data: text });
  }

  async #greet(hello: HelloFrame): Promise<void> {
    const query = new URLSearchParams();
    if (hello.after !== undefined) query.set("after", String(hello.after));
    if (hello.from !== undefined) query.set("from", hello.from);
    const welcome = await this.#options.requests.welcome(query, this.#ended.signal);
    const joined = await this.#join(welcome.lastSeq);
    if (this.#ended.signal.aborted) return;
    if ((welcome.actor?.id ?? null) !== (joined.actor?.id ?? null)) {
      this.#options.onStranger();
      throw new Error("The connection is somebody else's.");
    }
    this.#via = joined.via;
    this.#link = joined.link;
    this.#frame({ ...welcome, peerId: joined.peerId });
    if (joined.presence !== null) this.#onText(joined.presence);
    if (hello.events !== false) await this.#read(firstCursor(hello, welcome));
  }

  #join(after: number): Promise<Joined> {
    return new Promise((resolve) => {
      this.#onJoined = resolve;
      this.#hasAsked = true;
      this.#tell({ t: "join", hub: this.#hub ?? "", tab: this.#id, after });
    });
  }

  async #read(after: number): Promise<void> {
    const signal = this.#pace.begin(this.#ended.signal);
    this.#hasDraft = false;
    try {
      const query = `after=${after}&limit=${this.#pace.limit}&draft=`;
      const answer = await this.#options.requests.page(query, null, signal);
      if (!answer || signal.aborted) return;
      this.#pace.came();
      const { items, hasMore, draft } = answer.page;
      this.#frame({ t: "events", commits: items.map(commitOf), more: hasMore });
      if (!this.#hasDraft) this.#frame({ t: "draft", draft });
    } catch (thrown) {
      // Another page was asked for, which is not this one's failure.
      if (!signal.aborted) throw thrown;
    }
  }

  async #guard(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      if (!(thrown instanceof SessileError)) this.#end(connectionLost, "");
      else {
        this.#frame({ t: "error", error: thrown.toWire() });
        this.#end(closeCodeOf(thrown), thrown.message);
      }
    }
  }

  #frame(frame: ServerFrame): void {
    this.#emit({ type: "message", data: JSON.stringify(frame) });
  }

  #emit(event: SocketEvent): void {
    if (this.#ended.signal.aborted) return;
    for (const { type, run } of this.#listeners) if (type === event.type) run(event);
  }

  #end(code: number, reason: string): void {
    if (this.#ended.signal.aborted) return;
    this.#options.clock.clearTimeout(this.#seeking);
    this.#tell({ t: "leave", tab: this.#id });
    this.#ended.abort();
    this.#channel.close();
    for (const resolve of this.#refreshes.splice(0)) resolve();
    this.#options.candidacy.withdraw();
    for (const { type, run } of this.#listeners) if (type === "close") run({ type, code, reason });
  }

  #tell(message: TabMessage): void {
    if (this.#ended.signal.aborted) return;
    this.#channel.postMessage(message);
  }
}
