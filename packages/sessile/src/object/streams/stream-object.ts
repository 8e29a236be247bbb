import { closeCodes } from "../../protocol/close-code.ts";
import type { DurableStreamReplies, DurableStreamRequest } from "../../protocol/durable-stream.ts";
import { SessileError, type WireError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import type { SessionCaller, SessionReply, SessionRequest } from "../../protocol/request.ts";
import {
  type StreamAction,
  type StreamReplies,
  type StreamReply,
  streamHeader,
} from "../../protocol/stream-request.ts";
import type { StreamStanding } from "../../protocol/stream-subscription.ts";
import { DurableSql } from "../durable-sql.ts";
import { Session } from "../session.ts";
import { live } from "../session-actions.ts";
import type { SessileBindings } from "../session-bindings.ts";
import { askSession, type SessionObject, translated } from "../session-rpc.ts";
import { reportStream } from "../subscriptions/subscription-stub.ts";
import { refuseFetch } from "../upgrade.ts";
import { StreamFeed } from "./stream-feed.ts";
import { StreamLife, type StreamTimer } from "./stream-life.ts";
import { StreamLifeTable, streamLifeMigrations } from "./stream-life-table.ts";
import { openReader } from "./stream-relays.ts";

/** The id of the one stream of a standalone object. */
export const standaloneStreamId = "main";

/**
 * A stream that belongs to no session: an object of its own, addressed by name. It is a session with nothing but one stream, so
 * everything that holds for streams there holds here.
 */
export class StreamObject extends Session {
  readonly kind = "stream";
  readonly initialState = null;
  override readonly clientWrites = { state: false, status: false, events: [] };
  override readonly snapshots = null;
  /** Its time to live is its own affair: forks may still read it. */
  override readonly streamRetention = null;
  override readonly migrations = streamLifeMigrations;
  readonly #table = new StreamLifeTable(this.ctx.storage.sql);
  #life: StreamLife | null = null;
  #feed: StreamFeed | null = null;

  /** Lists of sessions do not show streams. */
  override recordOf(): null {
    return null;
  }

  /** What the Durable Streams protocol asks of a stream. Errors are answers, so that their codes survive the hop. */
  async handleDurableStream(request: DurableStreamRequest): Promise<DurableStreamReply> {
    try {
      return { ok: true, value: await this.#lifeOf().handle(request) };
    } catch (thrown) {
      if (!(thrown instanceof SessileError)) this.log("error", "stream", `${request.do}: ${String(thrown)}`);
      return { ok: false, error: SessileError.from(thrown).toWire() };
    }
  }

  /** Whoever asks for it: what may move the stream's end is told to the subscriptions before it is answered. */
  override async handleSessionRequest(request: SessionRequest, caller: SessionCaller): Promise<SessionReply> {
    const feed = this.#feedOf();
    if (!feed || request.op !== "stream" || !feedActions.has(request.action.do))
      return super.handleSessionRequest(request, caller);
    await (request.action.do === "delete" ? feed.ending() : feed.before());
    const reply = await super.handleSessionRequest(request, caller);
    await feed.changed();
    return reply;
  }

  /** Forks read what was deleted by requests, never over a socket. */
  override async fetch(request: Request): Promise<Response> {
    if (this.#table.isDeleted)
      return refuseFetch(request, new SessileError("gone", "This stream was deleted."));
    return super.fetch(request);
  }

  override async onTimer(name: string, input: Json): Promise<void> {
    await this.#lifeOf().onTimer(name as StreamTimer, input as string | null);
  }

  #lifeOf(): StreamLife {
    this.#life ??= new StreamLife({
      name: this.name,
      table: this.#table,
      now: () => Date.now(),
      info: () => this.streams.getInfo(standaloneStreamId),
      ask: (action) => askOwn(this, action) as never,
      askOther: (name, request) => askDurableStream(namespaceOf(this.env), name, request),
      closeReaders: () => this[live]().streams.sockets.closeAll("The stream was deleted.", closeCodes.gone),
      feed: this.#feedOf(),
      setTimer: (name, other, dueAt) => this.#wakeAt(name, other, dueAt),
    });
    return this.#life;
  }

  #feedOf(): StreamFeed | null {
    const { SESSILE_SUBSCRIPTIONS: namespace } = this.env as SessileBindings;
    if (!namespace) return null;
    this.#feed ??= new StreamFeed({
      path: this.name,
      sql: new DurableSql(this.ctx.storage),
      now: () => Date.now(),
      isShown: () => this.#isShown(),
      standing: () => this.#standing(),
      report: (report) => reportStream(namespace, report),
      setTimer: (dueAt) => this.#wakeAt("tell", null, dueAt),
      cancelTimer: () => void this.cancelTimer("tell"),
      failed: (thrown) => this.log("warn", "stream", `Subscriptions were not told: ${String(thrown)}`),
    });
    return this.#feed;
  }

  #wakeAt(name: StreamTimer, other: string | null, dueAt: number): void {
    // No id of an own for what concerns another stream: it may be asked for once more while it runs.
    this.setTimer({ ...(other === null ? { timerId: name } : {}), name, input: other, dueAt });
  }

  /** Null as well for a stream that the Durable Streams protocol does not show. */
  async #standing(): Promise<StreamStanding | null> {
    if (!this.#isShown()) return null;
    const { info } = (await askOwn(this, { do: "info" })) as StreamReplies["info"];
    return info && { identity: String(info.openedSeq), tail: info.tail };
  }

  #isShown(): boolean {
    return this.#table.exists && !this.#table.isDeleted;
  }
}

const feedActions: ReadonlySet<StreamAction["do"]> = new Set(["post", "open", "append", "close", "delete"]);

type DurableStreamReply =
  | { readonly ok: true; readonly value: DurableStreamReplies[DurableStreamRequest["do"]] }
  | { readonly ok: false; readonly error: WireError };

function namespaceOf(env: unknown): DurableObjectNamespace {
  const { SESSILE_STREAM: namespace } = env as SessileBindings;
  if (namespace) return namespace;
  throw new SessileError(
    "not_configured",
    "The binding SESSILE_STREAM is missing: streams cannot be forked.",
  );
}

/** One request of the Durable Streams protocol. @throws SessileError */
export async function askDurableStream<Request extends DurableStreamRequest>(
  namespace: DurableObjectNamespace,
  name: string,
  request: Request,
): Promise<DurableStreamReplies[Request["do"]]> {
  const stub = namespace.getByName(name) as unknown as Pick<StreamObject, "handleDurableStream">;
  const reply = await translated(() => stub.handleDurableStream(request));
  if (!reply.ok) throw SessileError.fromWire(reply.error);
  return reply.value as DurableStreamReplies[Request["do"]];
}

async function askOwn(object: StreamObject, action: StreamAction): Promise<StreamReply> {
  const request = { op: "stream" as const, streamId: standaloneStreamId, action };
  const reply = await object.handleSessionRequest(request, { actor: null });
  if (!reply.ok) throw SessileError.fromWire(reply.error);
  return reply.value as StreamReply;
}

/** What is used of a stub of `StreamObject`. */
interface StreamStub extends SessionObject {
  fetch(request: Request): Promise<Response>;
}

/** One action on a standalone stream. @throws SessileError */
export async function askStreamObject(
  namespace: DurableObjectNamespace,
  name: string,
  action: StreamAction,
): Promise<StreamReply> {
  const request = { op: "stream" as const, streamId: standaloneStreamId, action };
  return askSession(() => stubOf(namespace, name), request, { actor: null });
}

/** Where readers of standalone streams go that the stream's object has no room for. */
export interface StreamRelays {
  /** Name of the binding of `StreamObject`. */
  readonly binding: string;
  /** The namespace of `StreamRelay`. */
  readonly namespace: DurableObjectNamespace;
}

/** Where a reader begins, and how it reads. */
export interface StreamBeginning {
  readonly offset: number;
  /** What it knows of the stream, so that it is told what was withdrawn meanwhile. */
  readonly generation?: number | null;
  /** Asks for history batch by batch. */
  readonly isPaced?: boolean;
}

/** A socket that reads a standalone stream, not yet accepted. @throws SessileError */
export async function openStreamObject(
  namespace: DurableObjectNamespace,
  name: string,
  { offset, generation = null, isPaced = false }: StreamBeginning,
  relays: StreamRelays | null,
): Promise<WebSocket> {
  const headers = { upgrade: "websocket", [streamHeader]: standaloneStreamId };
  const query = new URLSearchParams({ offset: String(offset) });
  if (generation !== null) query.set("generation", String(generation));
  if (isPaced) query.set("paced", "");
  const upgrade = () => new Request(`https://stream/?${query}`, { headers });
  const { webSocket } = await openReader(
    () => translated(() => stubOf(namespace, name).fetch(upgrade())),
    relays && {
      namespace: relays.namespace,
      origin: { binding: relays.binding, name, streamId: standaloneStreamId, jurisdiction: null },
    },
    (relay) => relay.fetch(upgrade()),
  );
  return webSocket as WebSocket;
}

function stubOf(namespace: DurableObjectNamespace, name: string): StreamStub {
  return namespace.getByName(name) as unknown as StreamStub;
}
