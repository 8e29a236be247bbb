import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Commit } from "./event.ts";
import { sessionKeyOf } from "./event-id.ts";
import { ExportWriter } from "./export-file.ts";
import { ExportFault, ExportReader } from "./export-reader.ts";
import { chainStart, extendChain } from "./log-chain.ts";
import { packCommits, type RecordedEvent, recordedEventsOf } from "./recorded-event.ts";
import { sha256Hex } from "./sha256.ts";

const kind = "note";
const name = "a@b";
const key = sessionKeyOf(kind, name);
const t0 = Date.UTC(2026, 0, 1);
const reference = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");

const actor = fc.constantFrom(
  { id: "u1", name: "Ada \u{1f9ed}" },
  { id: "u2" },
  { id: "\0x", name: "\ud800" },
  undefined,
);
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "p")));
const packed = fc.record({
  actor,
  payload: fc.option(json, { nil: undefined }),
  result: fc.option(json, { nil: undefined }),
  id: fc.boolean(),
});
const log = fc.array(fc.array(packed, { minLength: 1, maxLength: 5 }), { maxLength: 8 });

/** A log as a kernel would have written it, the creation first. */
function commitsOf(
  groups: readonly (readonly {
    actor?: { id: string; name?: string } | undefined;
    payload: unknown;
    result: unknown;
    id: boolean;
  }[])[],
): Commit[] {
  const created = { type: "session.created", payload: { kind, name, state: null, status: null } };
  const commits: Commit[] = [{ firstSeq: 1, at: t0, actors: [], events: [created] }];
  let seq = 2;
  for (const group of groups) {
    const actors = group.flatMap((event) => (event.actor ? [event.actor] : []));
    const events = group.map((event, index) => ({
      type: "note.added",
      ...(event.actor ? { by: actors.indexOf(event.actor) } : {}),
      ...(event.id ? { clientEventId: `p.1.${seq + index}` } : {}),
      ...(event.payload === undefined ? {} : { payload: event.payload as never }),
      ...(event.result === undefined ? {} : { result: event.result as never }),
    }));
    commits.push({ firstSeq: seq, at: t0 + seq * 10, actors, events });
    seq += events.length;
  }
  return JSON.parse(JSON.stringify(commits)) as Commit[];
}

function exported(events: readonly RecordedEvent[]): string {
  const writer = new ExportWriter({
    kind,
    name,
    createdAt: new Date(t0).toISOString(),
    events: events.length,
  });
  return writer.begin() + events.map((event) => writer.event(event)).join("") + writer.end();
}

const eventsOf = (commits: readonly Commit[]) => commits.flatMap((commit) => recordedEventsOf(commit, key));

function read(text: string): RecordedEvent[] {
  const reader = new ExportReader();
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new ExportFault(lines.length + 1, null, "no newline at the end");
  const events = lines.map((line) => reader.take(line)).filter((event) => event !== null);
  reader.finish();
  return events;
}

function faultOf(text: string): ExportFault {
  try {
    read(text);
  } catch (thrown) {
    if (thrown instanceof ExportFault) return thrown;
    throw thrown;
  }
  throw new Error("nothing was found");
}

const example = () =>
  commitsOf(
    [1, 2, 3, 4, 5].map((n) => [
      { actor: { id: "u1", name: "Ada" }, payload: { n }, result: n === 3 ? [1] : undefined, id: true },
    ]),
  );

describe("hash", () => {
  test("EX1 the hash is SHA-256 of the text's UTF-8, whatever its length and letters", () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 5000])
      expect(sha256Hex("é".repeat(length)) + sha256Hex("x".repeat(length))).toBe(
        reference("é".repeat(length)) + reference("x".repeat(length)),
      );
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 300 }),
        (text) => sha256Hex(text) === reference(text),
      ),
    );
    expect(sha256Hex("a\ud800b\udc00")).toBe(reference("a\ufffdb\ufffd"));
  });

  test("EX1 the chain does not depend on where commits ended", () => {
    fc.assert(
      fc.property(log, (groups) => {
        const events = eventsOf(commitsOf(groups));
        const head = extendChain(chainStart(kind, name), events);
        expect(extendChain(chainStart(kind, name), eventsOf(packCommits(events)))).toEqual(head);
        const middle = extendChain(chainStart(kind, name), events.slice(0, 3));
        expect(extendChain(middle, events.slice(3))).toEqual(head);
      }),
    );
    expect(() => extendChain(chainStart(kind, name), eventsOf(example()).slice(1))).toThrow(RangeError);
    expect(chainStart(kind, name).hash).not.toBe(chainStart(kind, "b").hash);
  });
});

describe("export file", () => {
  test("EX2 everything an event carries comes back, and exporting it again gives the same bytes", () => {
    fc.assert(
      fc.property(log, (groups) => {
        const events = eventsOf(commitsOf(groups));
        const text = exported(events);
        const back = read(text);
        expect(back).toEqual(events);
        expect(exported(eventsOf(packCommits(back)))).toBe(text);
      }),
    );
  });

  test("EX4 any flipped bit is found, and located on its line", () => {
    const text = exported(eventsOf(example()));
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [1, 0x20]) {
        const forged = Buffer.from(bytes);
        forged[at] = (forged[at] as number) ^ bit;
        const fault = faultOf(forged.toString("utf8"));
        const line = bytes.subarray(0, at).toString("utf8").split("\n").length;
        const wasNewline = bytes[at] === 0x0a;
        // A change of the manifest is noticed there, or at the trailer that sums it up, or by the chain that begins with the address.
        if (line > 1 && !wasNewline) expect(fault.line).toBe(line);
      }
    }
  });

  test("EX4 a missing, repeated or exchanged event is located by its seq", () => {
    const lines = exported(eventsOf(example())).split("\n");
    const without = lines.toSpliced(3, 1).join("\n");
    expect(faultOf(without)).toMatchObject({ line: 4, seq: 3 });
    expect(faultOf(without).message).toContain("not event 4");
    expect(faultOf(lines.toSpliced(3, 0, lines[3]!).join("\n"))).toMatchObject({ line: 5, seq: 4 });
    expect(faultOf(lines.toSpliced(3, 2, lines[4]!, lines[3]!).join("\n"))).toMatchObject({
      line: 4,
      seq: 3,
    });
  });

  test("EX4 a file that is cut off is recognised wherever the cut lies", () => {
    const text = exported(eventsOf(example()));
    for (let end = 0; end < text.length; end++) expect(() => read(text.slice(0, end))).toThrow(ExportFault);
    const lines = text.split("\n");
    expect(faultOf(`${lines.slice(0, 4).join("\n")}\n`)).toMatchObject({ line: 5, seq: 4 });
    expect(faultOf(`${lines.slice(0, -2).join("\n")}\n`).message).toContain("trailer is missing");
    expect(faultOf(`${text}{}\n`).message).toContain("after the trailer");
  });

  test("EX4 a file that contradicts itself with matching hashes is found too", () => {
    const events = eventsOf(example());
    const forge = (change: Partial<RecordedEvent>) =>
      exported(events.map((event) => (event.seq === 3 ? { ...event, ...change } : event)));
    expect(faultOf(forge({ eventId: events[0]!.eventId }))).toMatchObject({ line: 4, seq: 3 });
    expect(faultOf(forge({ createdAt: new Date(0).toISOString() }))).toMatchObject({ line: 4, seq: 3 });
    expect(faultOf(forge({ type: "" }))).toMatchObject({ line: 4, seq: 3 });
    expect(
      faultOf(exported(events).replace('"name":"a@b","createdAt"', '"name":"other","createdAt"')).line,
    ).toBe(2);
  });

  test("PA9 a part is expected that an older log puts into the state piece by piece, and no other", () => {
    const [data, other] = [Buffer.from("a photo"), Buffer.from("another")];
    const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    const patch = [["=", ["photo", "$part"], `sha256:${hashOf(data)}`]];
    const changed = { type: "state.changed", payload: { base: 1, patch } };
    const events = eventsOf(
      JSON.parse(JSON.stringify([...commitsOf([]), { firstSeq: 2, at: t0, actors: [], events: [changed] }])),
    );
    const withPart = (bytes: Buffer) => {
      const created = { kind, name, createdAt: new Date(t0).toISOString() };
      const writer = new ExportWriter({ ...created, events: events.length, parts: 1 });
      const lines = events.map((event) => writer.event(event)).join("");
      const piece = { hash: hashOf(bytes), at: 0, of: bytes.length, data: bytes };
      return writer.begin() + lines + writer.part(piece) + writer.end();
    };
    expect(read(withPart(data))).toHaveLength(2);
    expect(faultOf(withPart(other)).message).toContain("No event refers to part");
  });

  test("EX5 a forgery with a chain of its own has another head", () => {
    const events = eventsOf(example());
    const forged = exported(
      events.map((event) => (event.seq === 3 ? { ...event, payload: "forged" } : event)),
    );
    expect(read(forged)).toHaveLength(events.length);
    const headOf = (text: string) => JSON.parse(text.split("\n").at(-2) as string).trailer.head;
    expect(headOf(forged)).not.toBe(headOf(exported(events)));
  });
});
