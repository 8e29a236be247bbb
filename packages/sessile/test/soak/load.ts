import { setTimeout as pause } from "node:timers/promises";
import { connect, type SessionClient } from "../../src/client/index.ts";
import type { NotesContract } from "../workerd/fixture-contracts.ts";
import { RawSocket } from "../workerd/raw-socket.ts";
import { SocketReader } from "../workerd/socket-reader.ts";
import type { Fixture } from "../workerd/start.ts";

const writers = 8;
const viewersOfEach = 3;
const writesASession = 500;
const sleepers = 20;
/** Longer than an object stays awake. */
const sleepMs = 15_000;

/** Everything at once, for as long as it takes; sessions come and go, so that what stays is what leaks. */
export class SoakLoad {
  readonly failures = new Map<string, number>();
  readonly done = new Map<string, number>();
  /** Milliseconds from a call to its answer, since they were taken last. */
  #latencies: number[] = [];
  readonly #fixture: Fixture;
  readonly #running: Promise<void>[];
  #isOver = false;

  constructor(fixture: Fixture) {
    this.#fixture = fixture;
    const each = (count: number, run: () => Promise<void>) => Array.from({ length: count }, run);
    this.#running = [
      ...each(writers, () => this.#repeat("session written", () => this.#write())),
      ...each(2, () => this.#repeat("stream read", () => this.#talk())),
      this.#repeat("gate answered", () => this.#ask()),
      ...each(sleepers, () => this.#repeat("wake", () => this.#sleep())),
      this.#repeat("reconnect", () => this.#reconnect()),
      this.#repeat("import", () => this.#move()),
      this.#repeat("read over HTTP", () => this.#read()),
    ];
  }

  takeLatencies(): readonly number[] {
    const taken = this.#latencies;
    this.#latencies = [];
    return taken;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #repeat(what: string, once: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        await once();
        this.done.set(what, (this.done.get(what) ?? 0) + 1);
      } catch (thrown) {
        const { message: reason, cause } = thrown as Error;
        const message = `${what}: ${reason}${cause instanceof Error ? `, ${cause.message}` : ""}`;
        this.failures.set(message, (this.failures.get(message) ?? 0) + 1);
        await pause(1000);
      }
    }
  }

  /** One session, written and watched live, then deleted. */
  async #write(): Promise<void> {
    const name = this.#fixture.name("soak");
    const open = () => connect<NotesContract>({ url: this.#fixture.url, kind: "notes", name });
    const clients: SessionClient<NotesContract>[] = Array.from({ length: 1 + viewersOfEach }, open);
    const [writer, ...viewers] = clients as [SessionClient<NotesContract>, ...SessionClient<NotesContract>[]];
    try {
      await Promise.all(clients.map((client) => client.whenLive()));
      for (let n = 1; n <= writesASession && !this.#isOver; n++) {
        const started = performance.now();
        const { count } = await writer.call.add(`note ${n}`);
        this.#latencies.push(performance.now() - started);
        if (count !== n) throw new Error(`note ${n} was counted as ${count}`);
        await pause(50);
      }
      const { lastSeq } = writer.getSnapshot();
      await untilTrue(() => viewers.every((viewer) => viewer.getSnapshot().lastSeq >= lastSeq));
    } finally {
      for (const client of clients) client.close();
    }
    await this.#delete("notes", name);
  }

  async #talk(): Promise<void> {
    const name = this.#fixture.name("talk");
    for (let n = 0; n < 20 && !this.#isOver; n++) {
      const streamId = `s-${n}`;
      await this.#call(name, "noteAndOpen", [streamId]);
      const reader = new SocketReader(this.#fixture, `voices/${name}/streams/${streamId}`);
      await this.#call(name, "say", [streamId, 100, 200, true]);
      await reader.seen(100);
      reader.socket.terminate();
      if (reader.chunks.length !== 100) throw new Error(`${reader.chunks.length} of 100 chunks were read`);
    }
    await this.#delete("voices", name);
  }

  async #call(name: string, method: string, args: readonly unknown[]): Promise<void> {
    const { status } = await this.#fixture.ask("POST", `voices/${name}/call/${method}`, { body: args });
    if (status !== 200) throw new Error(`${method} was answered ${status}`);
  }

  async #ask(): Promise<void> {
    const name = this.#fixture.name("gates");
    for (let n = 0; n < 50 && !this.#isOver; n++) {
      await this.#fixture.call(name, "ask", `g-${n}`, null, ["yes", "no"]);
      const answer = await this.#fixture.ask("POST", `notes/${name}/gates/g-${n}`, {
        body: { answer: "yes" },
        headers: { "x-test-user": "ada" },
      });
      if (answer.status !== 200) throw new Error(`an answer was answered ${answer.status}`);
      await pause(100);
    }
    await this.#delete("notes", name);
  }

  /** A socket on an object that is asleep most of the time. */
  async #sleep(): Promise<void> {
    const name = this.#fixture.name("sleepy");
    // Not all in step.
    await pause(Math.random() * sleepMs);
    const socket = await this.#fixture.live(name);
    for (let n = 0; n < 4 && !this.#isOver; n++) {
      await pause(sleepMs);
      await this.#fixture.call(name, "add", `wake ${n}`);
      await socket.event(
        ({ type, payload }) => type === "note.added" && JSON.stringify(payload).includes(`wake ${n}`),
      );
    }
    await socket.close();
    await this.#delete("notes", name);
  }

  async #reconnect(): Promise<void> {
    const name = this.#fixture.name("again");
    await this.#fixture.call(name, "add", "x");
    for (let after = 0; after < 50 && !this.#isOver; after++) {
      const socket = await RawSocket.open(this.#fixture.at(`notes/${name}`));
      await socket.greet({ after: Math.min(after, 3) });
      if (after % 2 === 0) await socket.close();
      else socket.socket.terminate();
      await pause(50);
    }
    await this.#delete("notes", name);
  }

  /** Exported, deleted, and brought back from the file. */
  async #move(): Promise<void> {
    const name = this.#fixture.name("moved");
    for (let n = 0; n < 20; n++) await this.#fixture.call(name, "add", `note ${n}`);
    const file = await this.#fixture.get(`notes/${name}/export`);
    await this.#delete("notes", name);
    const imported = await this.#fixture.ask("POST", "import", { text: file.body });
    if (imported.status !== 201) throw new Error(`an import was answered ${imported.status}`);
    await this.#delete("notes", name);
    await pause(1000);
  }

  /** Of a session that stays: reading one that is deleted meanwhile would make it anew. */
  async #read(): Promise<void> {
    const path = "notes/read-me";
    await this.#fixture.get("/v1/sessions?kind=notes&limit=20");
    await this.#fixture.get(`${path}/events?limit=100`);
    const stream = await fetch(this.#fixture.at(`${path}/events`), {
      headers: { accept: "text/event-stream" },
    });
    await stream.body?.cancel();
    await pause(200);
  }

  async #delete(kind: string, name: string): Promise<void> {
    const { status } = await this.#fixture.ask("DELETE", `${kind}/${name}?free=1`, {
      headers: { "x-test-user": "ada" },
    });
    if (status !== 200) throw new Error(`a deletion was answered ${status}`);
  }
}

async function untilTrue(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error("what should have come did not come within 20 s");
    await pause(20);
  }
}
