// The Worker that stock Agents SDK clients are run against.
import {
  Agent,
  type ChildReport,
  callable,
  type Json,
  type Schedule,
  SessileError,
  Session,
  streamingCallable,
} from "sessile";
import { createSessile } from "sessile/worker";
import ChatAgent from "./moved-app-worker.ts";

export { ChatAgent };

interface Env {
  readonly TEST_STATE_AGENT: DurableObjectNamespace;
  readonly TEST_CALLABLE_AGENT: DurableObjectNamespace<TestCallables>;
  readonly TEST_SCHEDULE_AGENT: DurableObjectNamespace<TestScheduleAgent>;
  readonly CHAT_AGENT: DurableObjectNamespace<ChatAgent>;
}

type TestState = { count: number; items: string[]; lastUpdated: string | null };

/** Written as an app of the Agents SDK is: its kind is `test-state-agent`. */
export class TestStateAgent extends Agent<Env, TestState> {
  override readonly initialState: TestState = { count: 0, items: [], lastUpdated: null };
  override readonly limits = { maxStateChars: 65_536, maxPeers: 3 };
  readonly updateState = callable((state: TestState) => this.setState(state));
  readonly increment = callable((by: number) => {
    this.setState({ ...this.state, count: this.state.count + by });
    return this.state.count;
  });
  readonly dropAll = callable((code: number, reason: string) => {
    for (const socket of this.ctx.getWebSockets()) socket.close(code, reason);
  });
  readonly dropMe = callable(() => this.dropAll(1011, "again"));
  readonly refuseMe = callable(() => this.dropAll(4001, "gone"));
  readonly addElsewhere = callable(async (name: string, a: number, b: number) =>
    this.session(this.env.TEST_CALLABLE_AGENT, name).call.add(a, b),
  );
  readonly hire = callable(async (name: string, item: string) => {
    await this.child(this.env.TEST_SCHEDULE_AGENT, name).call.tellParent(item);
    return this.children().map(({ kind, name }) => `${kind}/${name}`);
  });
  override onReport({ child, payload }: ChildReport<{ readonly item: string }>): void {
    this.setState({ ...this.state, items: [...this.state.items, `${payload} from ${child.name}`] });
  }
  override validateState(next: TestState): void {
    if (next.count < 0) throw new SessileError("rejected", "count is at least 0.");
  }

  override async onRequest(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/state") return Response.json({ state: this.state });
    if (pathname === "/echo")
      return Response.json({ method: request.method, body: await request.text(), path: pathname });
    if (pathname === "/connections") return Response.json({ count: this.ctx.getWebSockets().length });
    return new Response("Not found", { status: 404 });
  }
}

/** Methods called by the clock, each of which leaves its payload in the state. */
export class TestScheduleAgent extends Agent<unknown, { called: string[] }> {
  override initialState: { called: string[] } = { called: [] };

  readonly after = callable((seconds: number, text: string) => this.schedule(seconds, "note", text));
  readonly at = callable((time: number, text: string) => this.schedule(new Date(time), "note", text));
  readonly cron = callable((expression: string, text: string) => this.schedule(expression, "note", text));
  readonly every = callable((seconds: number, text: string) => this.scheduleEvery(seconds, "note", text));
  readonly once = callable(() => this.scheduleEvery(1, "noteAndStop", "once"));
  readonly wrong = callable((name: string) => this.schedule(1, name as "note"));
  readonly list = callable((id?: string | null, type?: Schedule["type"]) =>
    this.getSchedules({ ...(id ? { id } : {}), ...(type ? { type } : {}) }),
  );
  readonly range = callable((from: number, to: number) =>
    this.getSchedules({ timeRange: { start: new Date(from), end: new Date(to) } }),
  );
  readonly cancel = callable((id: string) => this.cancelSchedule(id));
  readonly tellParent = callable((item: string) => {
    this.reportToParent("item", item);
  });

  note(text: string): void {
    this.setState({ called: [...this.state.called, text] });
  }

  async noteAndStop(text: string, { id }: Schedule): Promise<void> {
    this.note(text);
    this.cancelSchedule(id);
  }
}

/** A kind under another name than its binding's, which only its methods write. */
export class TestCallables extends Session<unknown, { value: number }> {
  readonly kind = "callables";
  readonly initialState = { value: 0 };
  /** What ran and ended, across the calls of this instance. */
  #ended = 0;

  readonly add = callable((a: number, b: number) => a + b);
  readonly addOne = callable((a: number) => a + 1);
  readonly setValue = callable((value: number) => this.setState({ value }));
  readonly asyncMethod = callable(async (delayMs: number) => {
    await scheduler.wait(delayMs);
    return "done";
  });
  readonly delayedThrow = callable(async (delayMs: number) => {
    await scheduler.wait(delayMs);
    throw new SessileError("rejected", "Delayed error");
  });
  readonly throwError = callable((message: string) => {
    throw new SessileError("rejected", message);
  });
  readonly failInside = callable(() => {
    throw new Error("SELECT secret FROM inside");
  });
  readonly hang = callable(async () => new Promise<null>(() => {}));
  readonly voidMethod = callable(() => {});
  readonly returnNull = callable(() => null);
  readonly returnUndefined = callable(() => undefined);
  readonly closeConnectionsForTest = callable((code: number, reason: string) => {
    const sockets = this.ctx.getWebSockets();
    for (const socket of sockets) socket.close(code, reason);
    return sockets.length;
  });
  /** Answers once a stream has ended. */
  readonly endedStream = callable(async () => {
    while (this.#ended === 0) await scheduler.wait(5);
    return this.#ended;
  });

  readonly streamNumbers = streamingCallable(async (stream, count: number) => {
    for (let n = 1; n <= count; n++) stream.send(n);
    stream.end(count);
  });
  readonly streamWithDelay = streamingCallable(async (stream, chunks: readonly string[], delayMs: number) => {
    for (const chunk of chunks) {
      await scheduler.wait(delayMs);
      stream.send(chunk);
    }
    stream.end("complete");
  });
  readonly streamReturning = streamingCallable(async (stream, value: Json) => {
    stream.send("first");
    return value;
  });
  readonly streamError = streamingCallable(async (stream) => {
    stream.send("chunk1");
    throw new SessileError("rejected", "Stream error");
  });
  readonly streamGracefulError = streamingCallable(async (stream) => {
    stream.send("chunk1");
    stream.error("Graceful error");
  });
  readonly streamDoubleClose = streamingCallable(async (stream) => {
    stream.send("chunk1");
    const first = stream.end("first-end");
    const again = [stream.end("second-end"), stream.send("late"), stream.error("late")];
    if (!first || again.includes(true)) throw new Error("a stream ended twice");
  });
  readonly streamThrowsImmediately = streamingCallable(() => {
    throw new SessileError("rejected", "Immediate error");
  });
  readonly streamUntilGone = streamingCallable(async (stream) => {
    for (let n = 0; !stream.isClosed; n++) {
      stream.send(n);
      await scheduler.wait(5);
    }
    this.#ended += 1;
  });
  readonly streamForever = streamingCallable(async (stream) => {
    stream.send("begun");
    await new Promise(() => {});
  });

  privateMethod(): string {
    return "secret";
  }
}

const sessile = createSessile<Env>({
  kinds: {
    "test-state-agent": { binding: "TEST_STATE_AGENT", route: "states" },
    // Clients know it by its binding: `test-callable-agent`.
    callables: { binding: "TEST_CALLABLE_AGENT" },
    "test-schedule-agent": { binding: "TEST_SCHEDULE_AGENT" },
    "chat-agent": { binding: "CHAT_AGENT", route: "chat" },
  },
  identify: (request) => {
    const id = new URL(request.url).searchParams.get("user") ?? request.headers.get("x-test-user");
    return id === null ? null : { id };
  },
  authorize: ({ actor, action }) =>
    actor?.id === "stranger" ? false : actor?.id !== "reader" || action === "read",
});

/** Addresses of the app's own, which lead to a session it picks. */
sessile.all("/user/*", (context) => {
  const url = new URL(context.req.url);
  url.pathname = url.pathname.replace(/^\/user/, "/agents/test-state-agent/auth-user");
  return sessile.fetch(new Request(url, context.req.raw), context.env);
});
sessile.all("/custom-state/:name", (context) => {
  const url = new URL(context.req.url);
  url.pathname = `/agents/test-state-agent/${context.req.param("name")}`;
  return sessile.fetch(new Request(url, context.req.raw), context.env);
});
/** A method that is not marked, called as the platform lets a Worker call its own objects. */
sessile.post("/direct/:name", async (context) => {
  const stub = context.env.CHAT_AGENT.getByName(context.req.param("name"));
  await stub.append({ role: "assistant", text: await context.req.text(), at: 1 });
  return new Response(null, { status: 204 });
});
/** Leads somewhere else each time, as where a user is signed in anew. */
let rotations = 0;
sessile.get("/rotating", (context) => {
  rotations += 1;
  const url = new URL(context.req.url);
  url.pathname = `/agents/test-state-agent/rotation-${rotations}`;
  return sessile.fetch(new Request(url, context.req.raw), context.env);
});
sessile.get(
  "/page",
  () => new Response("<!doctype html><div id=app></div>", { headers: { "content-type": "text/html" } }),
);

export default sessile;
