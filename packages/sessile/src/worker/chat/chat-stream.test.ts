import { afterEach, expect, test, vi } from "vitest";
import { defaultLimits, type Json, type StreamFrame } from "../../protocol/index.ts";
import { SocketPair } from "../../testing/socket-pair.ts";
import type { SessionVariables } from "../routes/session-routes.ts";
import { ChatSocket } from "./chat-socket.ts";
import { type AnswerReader, uiMessageResponse } from "./chat-stream.ts";
import { readAnswer } from "./read-answer.ts";

afterEach(() => void vi.useRealTimers());

/** An answer that the test tells bit by bit; `undefined` interrupts it. */
function told(...parts: (readonly Json[] | null | undefined)[]) {
  const reader = {
    closed: false,
    next: async () => {
      if (parts.length === 0) return new Promise<null>(() => {});
      const part = parts.shift();
      if (part === undefined) throw new Error("interrupted");
      return part;
    },
    close: () => {
      reader.closed = true;
    },
  };
  return reader satisfies AnswerReader;
}

test("CH1 each chunk is a data line of its own, and [DONE] comes last", async () => {
  const response = uiMessageResponse(
    told([{ type: "start" }, { type: "text-start", id: "1" }], [{ type: "finish" }], null),
  );
  expect(await response.text()).toBe(
    'data: {"type":"start"}\n\ndata: {"type":"text-start","id":"1"}\n\ndata: {"type":"finish"}\n\ndata: [DONE]\n\n',
  );
});

test("CH7 what was interrupted never ends cleanly", async () => {
  await expect(uiMessageResponse(told([{ type: "start" }], undefined)).text()).rejects.toThrow();
});

test("CH4 a reader that leaves closes its socket and nothing else", async () => {
  const answer = told([{ type: "start" }]);
  const body = uiMessageResponse(answer).body as ReadableStream<Uint8Array>;
  const reader = body.getReader();
  await reader.read();
  await reader.cancel();
  expect(answer.closed).toBe(true);
});

test("CH15 while the model thinks, comments keep the connection alive, for as long as it takes", async () => {
  vi.useFakeTimers();
  const reader = (
    uiMessageResponse(told([{ type: "start" }])).body as ReadableStream<Uint8Array>
  ).getReader();
  const next = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await next()).toBe('data: {"type":"start"}\n\n');
  for (let passedMs = 0; passedMs < 600_000; passedMs += 15_000) {
    const comment = next();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await comment).toBe(": keep-alive\n\n");
  }
  await reader.cancel();
});

/** Nothing is delivered before it is accepted. */
const acceptable = (end: SocketPair["client"], accept: () => void) =>
  Object.assign(end, { accept }) as unknown as WebSocket;

type Say = (frame: StreamFrame) => void;

/** A chat whose answer is told by the test whenever its stream is read from an offset on; its chunks are long. */
function chatThatTells(tell: (from: number, say: Say, close: () => void) => void) {
  const opened: number[] = [];
  const forward = async (request: Request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/replay") return Response.json({ streamId: "a", chunks: [] });
    const from = Number(searchParams.get("offset"));
    opened.push(from);
    const pair = new SocketPair();
    pair.open();
    const { client, server } = pair;
    const say: Say = (frame) => server.send(JSON.stringify(frame));
    return {
      status: 101,
      webSocket: acceptable(client, () => tell(from, say, () => server.close(1000))),
    };
  };
  const ask = async () => ({ lifecycle: "active", state: { chat: { active: { streamId: "a" } } } });
  const variables = { target: { forward, ask, relays: null }, actor: null, require: async () => {} };
  return { opened, variables: variables as unknown as SessionVariables };
}

const isLast = (at: number) => at === 29;
const longChunk = (at: number) => ({
  type: isLast(at) ? "finish" : "text-delta",
  delta: "x".repeat(400_000),
});

test("CH24 an answer that ended while its reader was behind is read to its end", async () => {
  const { opened, variables } = chatThatTells((from, say, close) => {
    for (let at = from; at < 30; at++)
      say({ t: "chunks", at, to: at + 1, chunks: [{ ...longChunk(at), at }] });
    say({ t: "end", output: null });
    close();
  });
  const answer = await readAnswer(variables, "a");
  const read: Json[] = [];
  for (let chunks = await answer.next(); chunks; chunks = await answer.next())
    read.push(...chunks.map((chunk) => (chunk as { readonly at: number }).at));
  expect(read).toEqual(Array.from({ length: 30 }, (_, at) => at));
  expect(opened.length).toBeGreaterThan(1);
});

test("CH24 an answer that breaks off before anything more of it came is not asked for again and again", async () => {
  const { opened, variables } = chatThatTells((from, say, close) => {
    if (from === 0) say({ t: "chunks", at: 0, to: 1, chunks: [longChunk(0)] });
    close();
  });
  const answer = await readAnswer(variables, "a");
  expect(await answer.next()).toHaveLength(1);
  await expect(answer.next()).rejects.toMatchObject({ code: "unavailable" });
  expect(opened).toEqual([0, 1]);
});

test("CH25 a socket whose client does not read what it is sent is closed", async () => {
  const { variables } = chatThatTells((_from, say) =>
    say({ t: "chunks", at: 0, to: 1, chunks: [{ type: "start" }] }),
  );
  const pair = new SocketPair();
  pair.open();
  const socket = Object.assign(
    acceptable(pair.server, () => {}),
    { bufferedAmount: 0 },
  );
  new ChatSocket(socket, new Request("https://chat.test/"), async () => variables);
  const closed = new Promise((resolve) => pair.client.addEventListener("close", ({ code }) => resolve(code)));
  pair.client.onMessage((text) => {
    // Everything up to here has been read, and nothing from here on.
    if (JSON.parse(text).type === "start") socket.bufferedAmount = defaultLimits.maxPeerBufferedBytes + 1;
  });
  pair.client.send(JSON.stringify({ type: "resume", requestId: "1", id: "c" }));
  expect(await closed).toBe(1012);
});
