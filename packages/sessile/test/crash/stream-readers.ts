import { setTimeout as delay } from "node:timers/promises";
import { type StreamResponse, stream } from "@durable-streams/client";
import { EventSource } from "eventsource";
import { WebSocket } from "ws";
import { openStream, type SocketConstructor } from "../../src/client/index.ts";
import type { Json, StreamFrame } from "../../src/protocol/index.ts";

/** Somebody who reads one stream from its start to its end, through whatever happens. */
export interface StreamReading {
  readonly how: "client" | "socket" | "EventSource" | "Durable Streams";
  readonly chunks: unknown[];
  /** The stream's output, null where the reader's protocol has none; rejects if the reader got what it should not. */
  readonly done: Promise<Json>;
}

export function readWithClient(url: string): StreamReading {
  const chunks: unknown[] = [];
  const read = async () => {
    const reading = openStream({ url, WebSocket: WebSocket as unknown as SocketConstructor });
    for (;;) {
      const { done, value } = await reading.next();
      if (done) return value;
      chunks.push(value);
    }
  };
  return { how: "client", chunks, done: read() };
}

/** What docs/streams.md tells whoever has no client: come back with the offset and the generation. */
export function readWithSocket(url: string): StreamReading {
  const chunks: unknown[] = [];
  const read = async () => {
    const at: Position = { offset: 0, generation: null };
    for (;;) {
      const output = await connection(url, at, chunks);
      if (output !== undefined) return output;
      await delay(100);
    }
  };
  return { how: "socket", chunks, done: read() };
}

/** An `EventSource` comes back by itself, with the id of the last event it saw. */
export function readWithEventSource(url: string): StreamReading {
  const chunks: unknown[] = [];
  const done = new Promise<null>((resolve) => {
    const connect = (offset: string): void => {
      let lastId = offset;
      const source = new EventSource(`${url}?offset=${offset}&live=sse`);
      source.addEventListener("data", ({ data, lastEventId }) => {
        chunks.push(data);
        lastId = lastEventId;
      });
      source.addEventListener("control", ({ data }) => {
        if (!JSON.parse(data).streamClosed) return;
        source.close();
        resolve(null);
      });
      // Unless it was answered by something else than a stream, such as a server that is about to begin.
      source.addEventListener("error", () => {
        if (source.readyState === source.CLOSED) setTimeout(connect, 100, lastId);
      });
    };
    connect("-1");
  });
  return { how: "EventSource", chunks, done };
}

export function readWithDurableStreams(url: string): StreamReading {
  const chunks: unknown[] = [];
  const done = readDurably(url, "sse", async (response, moved) => {
    for await (const text of response.textStream()) {
      chunks.push(text);
      moved(response.offset);
    }
  });
  return { how: "Durable Streams", chunks, done: done.then(() => null) };
}

/** To the end of the stream; the authors' client leaves it to its user to come back after a connection that broke. */
export async function readDurably(
  url: string,
  live: "sse" | "long-poll",
  take: (response: StreamResponse, moved: (offset: string) => void) => Promise<void>,
): Promise<void> {
  const backoffOptions = { initialDelay: 20, maxDelay: 100, multiplier: 2 };
  for (let offset = "-1"; ; ) {
    try {
      const response = await stream({ url, live, offset, backoffOptions });
      // The same failure reaches whoever reads.
      response.closed.catch(() => undefined);
      return await take(response, (next) => {
        offset = next;
      });
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
    }
  }
}

interface Position {
  offset: number;
  generation: number | null;
}

/** @returns the output, or undefined after a cut */
function connection(url: string, at: Position, chunks: unknown[]): Promise<Json | undefined> {
  return new Promise((resolve, reject) => {
    const generation = at.generation === null ? "" : `&generation=${at.generation}`;
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}?offset=${at.offset}${generation}`);
    socket.on("error", () => {});
    socket.on("close", () => resolve(undefined));
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as StreamFrame;
      if (frame.t === "stream") at.generation ??= frame.info.generation;
      else if (frame.t === "behind") socket.send(JSON.stringify({ t: "pull", offset: at.offset }));
      else if (frame.t === "end") resolve(frame.output);
      else if (frame.t !== "chunks") reject(new Error(`got ${JSON.stringify(frame)}`));
      else if (frame.at !== at.offset) reject(new Error(`got offset ${frame.at} after ${at.offset}`));
      else {
        chunks.push(...frame.chunks);
        at.offset = frame.to;
        if (frame.more) socket.send(JSON.stringify({ t: "pull", offset: frame.to }));
      }
    });
  });
}
