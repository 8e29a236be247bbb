import type { DurableStreamReplies, DurableStreamRequest } from "../protocol/durable-stream.ts";
import { SessileError, type WireError } from "../protocol/error.ts";
import type { Json } from "../protocol/json.ts";
import type { SessionReply } from "../protocol/request.ts";
import { type StreamAction, type StreamReply, streamHeader } from "../protocol/stream-request.ts";
import { Session } from "./session.ts";
import type { SessileBindings } from "./session-bindings.ts";
import { StreamLife, type StreamTimer } from "./stream-life.ts";
import { StreamLifeTable, streamLifeMigrations } from "./stream-life-table.ts";

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
  override readonly migrations = streamLifeMigrations;
  #life: StreamLife | null = null;

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

  override async onTimer(name: string, input: Json): Promise<void> {
    await this.#lifeOf().onTimer(name as StreamTimer, input as string | null);
  }

  #lifeOf(): StreamLife {
    this.#life ??= new StreamLife({
      name: this.name,
      table: new StreamLifeTable(this.ctx.storage.sql),
      now: () => Date.now(),
      ask: (action) => askOwn(this, action) as never,
      askOther: (name, request) => askDurableStream(namespaceOf(this.env), name, request),
      setTimer: (name, other, dueAt) =>
        // No id of an own for what concerns another stream: it may be asked for once more while it runs.
        void this.setTimer({ ...(other === null ? { timerId: name } : {}), name, input: other, dueAt }),
    });
    return this.#life;
  }
}

type DurableStreamReply =
  | { readonly ok: true; readonly value: DurableStreamReplies[DurableStreamRequest["do"]] }
  | { readonly ok: false; readonly error: WireError };

function namespaceOf(env: unknown): DurableObjectNamespace {
  const { SESSILE_STREAM: namespace } = env as SessileBindings;
  if (namespace) return namespace;
  throw new SessileError("unavailable", "The binding SESSILE_STREAM is missing: streams cannot be forked.");
}

/** One request of the Durable Streams protocol. @throws SessileError */
export async function askDurableStream<Request extends DurableStreamRequest>(
  namespace: DurableObjectNamespace,
  name: string,
  request: Request,
): Promise<DurableStreamReplies[Request["do"]]> {
  const stub = namespace.getByName(name) as unknown as Pick<StreamObject, "handleDurableStream">;
  const reply = await stub.handleDurableStream(request);
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
interface StreamStub {
  handleSessionRequest(
    request: { readonly op: "stream"; readonly streamId: string; readonly action: StreamAction },
    caller: { readonly actor: null },
  ): Promise<SessionReply>;
  fetch(request: Request): Promise<Response>;
}

/** One action on a standalone stream. @throws SessileError */
export async function askStreamObject(
  namespace: DurableObjectNamespace,
  name: string,
  action: StreamAction,
): Promise<StreamReply> {
  const request = { op: "stream" as const, streamId: standaloneStreamId, action };
  const reply = await stubOf(namespace, name).handleSessionRequest(request, { actor: null });
  if (!reply.ok) throw SessileError.fromWire(reply.error);
  return reply.value as StreamReply;
}

/** A socket that reads a standalone stream from an offset on, not yet accepted. @throws SessileError */
export async function openStreamObject(
  namespace: DurableObjectNamespace,
  name: string,
  offset: number,
): Promise<WebSocket> {
  const headers = { upgrade: "websocket", [streamHeader]: standaloneStreamId };
  const request = new Request(`https://stream/?offset=${offset}`, { headers });
  const { webSocket } = await stubOf(namespace, name).fetch(request);
  if (webSocket) return webSocket;
  throw new SessileError("unavailable", "The stream did not open.", { retryAfterMs: 1000 });
}

function stubOf(namespace: DurableObjectNamespace, name: string): StreamStub {
  return namespace.getByName(name) as unknown as StreamStub;
}
