import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ClientFrame, Commit } from "../../protocol/index.ts";
import { SocketPair } from "../../testing/socket-pair.ts";
import type { SessionTarget } from "../session-stub.ts";
import { eventStreamResponse } from "./event-stream.ts";

/** A session of long events, one a page. What is asked for comes at once. */
class LongSession {
  readonly pulls: number[] = [];
  readonly #pair = new SocketPair();
  #isLive = false;
  #lastSeq: number;

  constructor(lastSeq: number) {
    this.#lastSeq = lastSeq;
    this.#pair.server.onMessage((text) => this.#receive(JSON.parse(text)));
    this.#pair.open();
  }

  get target(): SessionTarget {
    const webSocket = Object.assign(this.#pair.client, { accept: () => {} });
    return { kind: "notes", name: "n", forward: async () => ({ webSocket }) } as unknown as SessionTarget;
  }

  append(): void {
    this.#lastSeq += 1;
    if (this.#isLive) this.#say({ t: "commit", commit: this.#commit(this.#lastSeq) });
  }

  #receive(frame: ClientFrame): void {
    if (frame.t === "hello") this.#say({ t: "welcome", lastSeq: this.#lastSeq });
    else if (frame.t === "pull") this.pulls.push(frame.after);
    const seq = ((frame as { readonly after?: number }).after ?? 0) + 1;
    this.#isLive = seq >= this.#lastSeq;
    this.#say({ t: "events", commits: [this.#commit(seq)], more: !this.#isLive });
  }

  #commit(seq: number): Commit {
    return {
      firstSeq: seq,
      at: 0,
      actors: [],
      events: [{ type: "note.said", payload: "x".repeat(400_000) }],
    };
  }

  #say(frame: object): void {
    this.#pair.server.send(JSON.stringify(frame));
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1);

test("HT28 a reader of server-sent events who takes nothing gets few pages ahead, and misses nothing when they read on", async () => {
  const session = new LongSession(40);
  const { body } = await eventStreamResponse(session.target, null, 0, false);
  await turn();
  expect(session.pulls.length).toBeLessThan(4);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const seqs: number[] = [];
  const readTo = async (last: number): Promise<void> => {
    while (seqs.at(-1) !== last) {
      const text = new TextDecoder().decode((await reader.read()).value);
      for (const [, seq] of text.matchAll(/^id: (\d+)$/gm)) seqs.push(Number(seq));
    }
  };
  await readTo(40);
  const { length: pulled } = session.pulls;
  for (let n = 0; n < 20; n++) session.append();
  await turn();
  await readTo(60);
  expect(seqs).toEqual(upTo(60));
  // Most of what was live had no room, and was read again.
  expect(session.pulls.length).toBeGreaterThan(pulled + 10);
  session.append();
  await readTo(61);
  await reader.cancel();
});
