import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../src/node/server/fixtures/processes.ts";
import type { SessionEvent } from "../../src/protocol/index.ts";
import { createD1Record, type SessionRecord } from "../../src/record/index.ts";
import { SseReader } from "./sse-reader.ts";
import { Fixture } from "./start.ts";

const kind = "books";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.start();
});
afterAll(() => fixture?.stop());

/** The same database as the session's, from outside. A handle does not outlive the runtime. */
async function record(): Promise<SessionRecord> {
  return createD1Record(await fixture.server.d1("SESSILE_RECORD"));
}

const recordedSeq = async (name: string) => (await record()).recordedSeq(kind, name);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A writer that sends what was not answered again, as any client does. */
class Writer {
  readonly seen: SessionEvent[] = [];
  readonly answered = new Map<string, number>();
  readonly #name: string;
  readonly #id: string;
  #n = 0;
  #ends = false;

  constructor(name: string, id: string) {
    this.#name = name;
    this.#id = id;
  }

  get sent(): readonly string[] {
    return Array.from({ length: this.#n }, (_, n) => `${this.#id}.1.${n}`);
  }

  end(): void {
    this.#ends = true;
  }

  /** Two commands in flight, until it is told to end and all are answered. */
  async run(): Promise<void> {
    while (!this.#ends || this.answered.size < this.#n) {
      try {
        await this.#connection();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async #connection(): Promise<void> {
    const socket = await fixture.connect(this.#name, { kind });
    await socket.greet({ after: this.seen.at(-1)?.seq ?? 0 });
    try {
      while (!this.#ends || this.answered.size < this.#n) {
        if (!this.#ends) this.#n = Math.max(this.#n, this.answered.size + 2);
        const open = this.sent.filter((id) => !this.answered.has(id));
        const acks = await socket.do(...open.map((id) => ({ id, op: "call", method: "add", args: [id] })));
        for (const ack of acks) if (!("error" in ack)) this.answered.set(ack.id, ack.seq);
      }
    } finally {
      const last = this.seen.at(-1)?.seq ?? 0;
      this.seen.push(...socket.events().filter(({ seq }) => seq > last));
      socket.socket.terminate();
    }
  }
}

/** What one way of reading has shown, event by event, across its connections. */
class Shown {
  readonly events = new Map<number, SessionEvent>();
  readonly #read: (after: number, show: (events: readonly SessionEvent[]) => Promise<void>) => Promise<void>;
  #ends = false;

  constructor(
    read: (after: number, show: (events: readonly SessionEvent[]) => Promise<void>) => Promise<void>,
  ) {
    this.#read = read;
  }

  get lastSeq(): number {
    return Math.max(0, ...this.events.keys());
  }

  end(): void {
    this.#ends = true;
  }

  /** Reads until it is told to end, from where it stands after each connection that broke. */
  async run(name: string): Promise<void> {
    while (!this.#ends) {
      const broken = await this.#read(this.lastSeq, (events) => this.#show(name, events)).then(
        () => null,
        (thrown: Error) => thrown,
      );
      if (broken?.name === "AssertionError") throw broken;
      await pause(30);
    }
  }

  /** The record only grows, also while it does not answer the session: what was shown before it is asked must be in it. */
  async #show(name: string, events: readonly SessionEvent[]): Promise<void> {
    for (const event of events) {
      const before = this.events.get(event.seq);
      if (before) expect(event).toEqual(before);
      else expect(event.seq).toBe(this.lastSeq + 1);
      this.events.set(event.seq, event);
    }
    if (this.#ends) throw new Error("read enough");
    const last = events.at(-1)?.seq ?? 0;
    const recorded = await recordedSeq(name).catch(() => null);
    // The runtime with the database may have been killed while it was asked.
    if (recorded !== null) expect(last).toBeLessThanOrEqual(recorded);
  }
}

function readers(name: string): readonly Shown[] {
  const path = `${kind}/${name}/events`;
  return [
    new Shown(async (after, show) => {
      const socket = await fixture.connect(name, { kind });
      await socket.greet({ after });
      let taken = 0;
      for (;;) {
        const events = socket.events().filter(({ seq }) => seq > after);
        await show(events.slice(taken));
        taken = events.length;
        await socket.next("commit");
      }
    }),
    new Shown(async (after, show) => {
      await using stream = await SseReader.open(fixture.at(path), String(after));
      for (;;) {
        const events = (await stream.takeAll()).map(({ data }) => data as SessionEvent);
        await show(events.filter(({ seq }) => typeof seq === "number"));
      }
    }),
    new Shown(async (after, show) => {
      const { status, body } = await fixture.get(`${path}?after=${after}&limit=200`);
      if (status === 200) await show(body.items);
    }),
  ];
}

/** The raw socket does not know what ids are made from. */
function shape({ eventId: _eventId, ...event }: SessionEvent): Omit<SessionEvent, "eventId"> {
  return event;
}

async function recordedEvents(name: string): Promise<SessionEvent[]> {
  const stored: SessionEvent[] = [];
  for (let more = true; more; ) {
    const page = await (await record()).readEvents(kind, name, { after: stored.length, limit: 1000 });
    stored.push(...page.events.map(({ result: _result, ...event }) => event as SessionEvent));
    more = page.hasMore;
  }
  return stored;
}

const d1 = (state: "up" | "down" | "lost" | "held" | "flaky") => fixture.ask("POST", `/test/d1/${state}`);

/** Errors, time-outs, lost answers and all of them mixed; in the middle of them an eviction and kills. */
const outage: readonly (() => Promise<unknown>)[] = [
  () => d1("down"),
  () => d1("up"),
  () => d1("lost"),
  () => fixture.evict(storm, "Books").catch(() => {}),
  () => d1("up"),
  () => d1("held"),
  () => fixture.crash().then(() => d1("up")),
  () => d1("flaky"),
  () => fixture.evict(storm, "Books").catch(() => {}),
  () => d1("lost"),
  () => fixture.crash().then(() => d1("flaky")),
  () => d1("up"),
];
const storm = "storm";

test("LM13 LM1 sixteen writers and every kind of reader through errors, time-outs, lost answers, evictions and kills: what was acknowledged or shown is in the record, once, in order", async () => {
  await fixture.ask("POST", `${kind}/${storm}/call/add`, { body: ["first"] });
  const writers = Array.from({ length: 16 }, (_, index) => new Writer(storm, `w${index}`));
  const shown = readers(storm);
  const writing = Promise.all(writers.map((writer) => writer.run()));
  const reading = Promise.all(shown.map((reader) => reader.run(storm)));
  reading.catch(() => {});
  for (const step of outage) {
    await pause(350);
    await step();
  }
  // Nobody repairs anything: that all of this is answered is the session's own doing.
  await pause(600);
  for (const writer of writers) writer.end();
  await writing;

  let log: SessionEvent[] = [];
  // Read again until they agree: a snapshot may be sealed between the two.
  await until(async () => {
    log = await fixture.log(storm, kind);
    return (await recordedSeq(storm)) === log.length;
  });
  await until(() => shown.every(({ lastSeq }) => lastSeq >= log.length));
  for (const reader of shown) reader.end();
  await fixture.evict(storm, "Books").catch(() => {});
  await fixture.ask("POST", `${kind}/${storm}/call/add`, { body: ["last"] });
  await reading;

  const stored = await recordedEvents(storm);
  expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
  expect(stored.slice(0, log.length)).toEqual(log);
  for (const { events } of shown) {
    expect(events.size).toBeGreaterThan(100);
    for (const event of events.values()) expect(stored[event.seq - 1]).toMatchObject(shape(event));
  }
  const adds = log.filter(({ type }) => type === "entry.added");
  expect(adds).toHaveLength(1 + writers.reduce((sum, writer) => sum + writer.sent.length, 0));
  for (const writer of writers) {
    expect(writer.sent.length).toBeGreaterThan(2);
    for (const [id, seq] of writer.answered) expect(stored[seq - 1]?.clientEventId).toBe(id);
    const mine = adds.filter(({ clientEventId }) => writer.answered.has(clientEventId ?? ""));
    expect(mine.map(({ clientEventId }) => clientEventId)).toEqual(writer.sent);
    for (const event of writer.seen) expect(stored[event.seq - 1]).toMatchObject(shape(event));
  }
}, 120_000);
