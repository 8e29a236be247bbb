import { WebSocket } from "ws";
import { until } from "../../src/node/server/fixtures/processes.ts";
import type { StreamFrame } from "../../src/protocol/stream.ts";
import type { Fixture } from "./start.ts";

/** One reader of a stream, with what it got. */
export class SocketReader {
  readonly frames: StreamFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;

  constructor(fixture: Fixture, path: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(fixture.at(path).replace(/^http/, "ws"), {
      headers,
      perMessageDeflate: false,
    });
    // workerd ends the connection of a client that never said a word late; what it sends it sends at once.
    this.socket.on("open", () => this.socket.send('{"t":"hello"}'));
    this.socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as StreamFrame;
      this.frames.push(frame);
      if (frame.t === "chunks" && frame.more) this.pull();
      if (frame.t === "behind") this.pull();
    });
    this.closed = new Promise((resolve) => this.socket.on("close", resolve));
    this.socket.on("error", () => {});
  }

  get to(): number {
    return this.frames.reduce((to, frame) => (frame.t === "chunks" ? frame.to : to), 0);
  }

  /** What it read; throws on a gap or a repeat. */
  get chunks(): unknown[] {
    return this.chunksFrom(0);
  }

  chunksFrom(offset: number): unknown[] {
    let next = offset;
    return this.frames.flatMap((frame) => {
      if (frame.t !== "chunks") return [];
      if (frame.at !== next) throw new Error(`got ${frame.at} after ${next}`);
      next = frame.to;
      return frame.chunks;
    });
  }

  pull(): void {
    this.socket.send(JSON.stringify({ t: "pull", offset: this.to }));
  }

  async seen(count: number): Promise<void> {
    await until(() => this.to >= count);
  }
}
