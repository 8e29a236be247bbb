import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { Command } from "../protocol/command.ts";
import type { Json } from "../protocol/json.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { hashOfPart, type PartReference, partChunkBytes, partReference } from "../protocol/part.ts";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { partGraceMs } from "./parts.ts";

const bytesOf = (length: number, seed = 1) => Uint8Array.from({ length }, (_, index) => (index * seed) % 251);
const hashOf = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

/** Sends bytes as a worker does. */
function upload(session: KernelFixture, data: Uint8Array<ArrayBuffer>, id = "u"): PartReference {
  const { parts } = session.kernel;
  for (let chunk = 0; chunk * partChunkBytes < data.length; chunk++)
    parts.stage(
      id,
      chunk,
      data.slice(chunk * partChunkBytes, (chunk + 1) * partChunkBytes).buffer,
      session.now,
    );
  parts.finish(id, hashOf(data), data.length, "image/png", session.now);
  return partReference(hashOf(data), { mediaType: "image/png", bytes: data.length });
}

function read(session: KernelFixture, { $part, bytes }: PartReference): Uint8Array {
  const pieces = Array.from({ length: Math.ceil(bytes / partChunkBytes) }, (_, chunk) =>
    Buffer.from(session.kernel.parts.chunk($part.slice(7), chunk) ?? new ArrayBuffer(0)),
  );
  return new Uint8Array(Buffer.concat(pieces));
}

const append = (payload: Json): Command => ({
  op: "append",
  type: "image.added",
  payload,
});

test("PA2 a part longer than a row lies in several, each below the limit, and reads back byte for byte after a wake", () => {
  const session = new KernelFixture();
  const data = bytesOf(2 * partChunkBytes + 17);
  const part = upload(session, data);
  session.wake();
  expect(read(session, part)).toEqual(data);
  expect(
    session.sql.exec("SELECT max(length(body)) AS n, count(*) AS rows FROM _sessile_part_chunk"),
  ).toEqual([{ n: partChunkBytes, rows: 3 }]);
  // The same piece, and the same end, may come again after a lost answer.
  expect(session.kernel.parts.finish("u", hashOfPart(part), data.length, "image/png", session.now)).toBe(
    false,
  );
});

test("PA3 an event, a state or a draft that refers to what is not there is refused by field, and leaves nothing", () => {
  const session = new KernelFixture();
  const there = upload(session, bytesOf(10));
  const missing = partReference("0".repeat(64), { mediaType: "image/png", bytes: 10 });
  const before = session.kernel.committedView;
  const refusals: [Command, string][] = [
    [append({ images: [there, missing] }), "payload.images.1"],
    [append({ ...there, bytes: 11 }), "payload"],
    [append({ a: { ...there, extra: 1 } }), "payload.a"],
    [append({ $part: there.$part }), "payload"],
    [{ op: "setState", state: { count: 1, image: missing } }, "state.image"],
    [{ op: "saveDraft", id: "d", type: "image.added", payload: missing }, "payload"],
  ];
  for (const [command, field] of refusals)
    expect(session.one(command)).toMatchObject({
      ok: false,
      error: { code: "bad_request", details: { field } },
    });
  // Beside others in one commit too.
  const { outcomes } = session.send([append("good"), append(missing), append({ there })]);
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true]);
  expect(session.kernel.committedView.lastSeq).toBe(before.lastSeq + 2);
  expect(session.kernel.parts.find(hashOfPart(there))?.seq).toBe(before.lastSeq + 2);
});

test("PA4 the first event that refers to a part gives it its media type, later ones change nothing", () => {
  const session = new KernelFixture();
  const part = upload(session, bytesOf(10));
  const first = session.one(append({ part: { ...part, mediaType: "image/webp" } }));
  session.one(append({ part: { ...part, mediaType: "text/html" } }));
  expect(session.kernel.parts.find(hashOfPart(part))).toMatchObject({
    mediaType: "image/webp",
    seq: first.ok && first.seq,
  });
});

test("PA5 a part, and parts that wait, are bounded by name; what is referred to no longer waits", () => {
  const session = new KernelFixture({
    limits: { ...defaultLimits, maxPartBytes: 100, maxWaitingPartBytes: 150 },
  });
  const { parts } = session.kernel;
  expect(() => parts.stage("u", 0, new ArrayBuffer(101), session.now)).toThrow(
    expect.objectContaining({ code: "limit_exceeded", details: { field: "body", limit: "maxPartBytes" } }),
  );
  const first = upload(session, bytesOf(100), "first");
  const full = expect.objectContaining({
    code: "overloaded",
    details: expect.objectContaining({ limit: "maxWaitingPartBytes" }),
  });
  expect(() => upload(session, bytesOf(100, 3), "second")).toThrow(full);
  session.one(append({ first }));
  upload(session, bytesOf(100, 3), "second");
  expect(session.rows("_sessile_part")).toBe(2);
});

test("PA6 what nothing refers to goes after an hour; what an event or the draft refers to stays", () => {
  const session = new KernelFixture();
  const [used, drafted, unused] = [3, 5, 7].map((seed) => upload(session, bytesOf(50, seed), `u${seed}`));
  session.kernel.parts.stage("unfinished", 0, new ArrayBuffer(9), session.now);
  session.one(append({ used: used ?? null }));
  session.one({ op: "saveDraft", id: "d", type: "image.added", payload: drafted ?? null });
  const { parts, drafts } = session.kernel;
  expect(parts.sweep(drafts.get()?.payload, session.now)).toBeLessThanOrEqual(session.now + partGraceMs);
  expect(session.rows("_sessile_part")).toBe(4);
  session.now += partGraceMs;
  parts.sweep(drafts.get()?.payload, session.now);
  const left = [used, drafted, unused].map((part) => parts.find(hashOfPart(part as PartReference)) !== null);
  expect(left).toEqual([true, true, false]);
  expect([session.rows("_sessile_part"), session.rows("_sessile_part_chunk")]).toEqual([2, 2]);
  session.one({ op: "sendDraft", draftId: "d" });
  expect(parts.sweep(drafts.get()?.payload, session.now + partGraceMs)).toBeNull();
  expect(session.rows("_sessile_part")).toBe(2);
});

/** What rebuilding must not change. */
const referred = (session: KernelFixture) =>
  session.sql.exec("SELECT hash, media_type, bytes, place, seq FROM _sessile_part ORDER BY hash");
const seqOf = (session: KernelFixture, part: PartReference) =>
  session.kernel.parts.find(hashOfPart(part))?.seq;

test("PA11 a part that replaces another in the state is referred to as before when the log is read anew", () => {
  const session = new KernelFixture();
  const [a, b, c] = [3, 5, 7].map((seed) => upload(session, bytesOf(50 + seed, seed), `u${seed}`)) as [
    PartReference,
    PartReference,
    PartReference,
  ];
  const title = "Harbour ".repeat(100);
  const set = (photo: Json, more: Json[]) => session.one({ op: "setState", state: { title, photo, more } });
  set(a, [a]);
  set(b, [a]);
  set({ ...b, name: "b" }, [c]);
  const before = referred(session);
  expect([a, b, c].map((part) => seqOf(session, part))).toEqual([3, 4, 5]);
  session.kernel.rebuild();
  expect(referred(session)).toEqual(before);
  // As such a change was written before references stayed whole.
  const whole = `["=",["photo"],${JSON.stringify(b)}]`;
  const pieces = `["=",["photo","$part"],"${b.$part}"],["=",["photo","bytes"],${b.bytes}]`;
  expect(JSON.stringify(session.commits())).toContain(whole);
  session.kernel.rebuild(
    () => void session.sql.exec("UPDATE _sessile_log SET body = replace(body, ?, ?)", whole, pieces),
  );
  expect(JSON.stringify(session.commits())).toContain(pieces);
  expect(referred(session)).toEqual(before);
});

test("ST6 PA4 a state that is refused refers to nothing", () => {
  const session = new KernelFixture({ limits: { ...defaultLimits, maxStateChars: 200 } });
  const part = upload(session, bytesOf(10));
  const { outcomes } = session.send([{ op: "setState", state: { part, text: "x".repeat(200) } }, append(1)]);
  expect(outcomes).toMatchObject([{ ok: false, error: { code: "limit_exceeded" } }, { ok: true }]);
  expect(seqOf(session, part)).toBeNull();
});

test("ST24 PA4 changes that are one event refer to what it says, under its seq", () => {
  const session = new KernelFixture();
  const [first, second] = [upload(session, bytesOf(10), "a"), upload(session, bytesOf(11), "b")];
  session.kernel.write(null, session.now, (writer) => {
    writer.setState({ photo: { ...first, mediaType: "text/html" } });
    writer.setState({ photo: second });
  });
  expect([first, second].map((part) => seqOf(session, part))).toEqual([null, session.kernel.view.lastSeq]);
  session.one(append(first));
  const before = referred(session);
  session.kernel.rebuild();
  expect(referred(session)).toEqual(before);
});

test("PA14 whatever event names a part refers to it: questions and answers of gates, work, timers; a foreign one is lost", () => {
  const session = new KernelFixture();
  const parts = [1, 2, 3, 4, 5].map((seed) => upload(session, bytesOf(20 + seed, seed), `u${seed}`));
  const [asked, shot, input, step, result] = parts as [
    PartReference,
    PartReference,
    PartReference,
    PartReference,
    PartReference,
  ];
  const foreign = partReference("0".repeat(64), { mediaType: "image/png", bytes: 9 });
  session.kernel.write(null, session.now, (writer) => {
    writer.openGate({ gateId: "g", kind: "tool", title: "?", call: { name: "shoot", arguments: { asked } } });
    writer.startWork({ workId: "w", name: "n", input: { input } });
    writer.completeStep("w", "s", { step, foreign });
    writer.completeWork("w", { result });
    writer.streams.open({ streamId: "s", contentType: "application/json" });
    writer.streams.append({ streamId: "s", chunks: [{ chunk: { ...foreign, bytes: 10 } }] });
  });
  const answer = (given: Json): Command => ({
    op: "answerGate",
    gateId: "g",
    answer: "result",
    result: given,
  });
  expect(session.one(answer({ shot: { ...shot, bytes: 1 } }))).toMatchObject({
    ok: false,
    error: { code: "bad_request", details: { field: "result.shot" } },
  });
  expect(session.one(answer({ shot }))).toMatchObject({ ok: true });
  session.kernel.parts.sweep(undefined, session.now + partGraceMs);
  const [gate, start, journal, end] = ["gate.opened", "work.started", "step.completed", "work.completed"].map(
    (type) => session.events().find((event) => event.type === type)?.seq,
  );
  const { lastSeq } = session.kernel.view;
  expect([asked, input, step, result, shot].map((part) => seqOf(session, part))).toEqual([
    gate,
    start,
    journal,
    end,
    lastSeq,
  ]);
  expect(session.kernel.parts.known(hashOfPart(foreign))).toMatchObject({ place: "lost", bytes: 9 });
  const before = referred(session);
  session.kernel.rebuild();
  expect(referred(session)).toEqual(before);
});

test("PA11 references follow from the log; a part whose bytes are gone is lost until it is sent again", () => {
  const session = new KernelFixture();
  const data = bytesOf(40);
  const part = upload(session, data);
  const [kept, gone] = [upload(session, bytesOf(41), "kept"), part];
  session.one(append({ gone, kept }));
  session.one(append({ kept }));
  const before = referred(session);
  session.kernel.rebuild();
  expect(referred(session)).toEqual(before);
  session.sql.exec("DELETE FROM _sessile_part_chunk");
  session.sql.exec("DELETE FROM _sessile_part");
  session.kernel.rebuild();
  expect(session.kernel.parts.find(hashOfPart(part))).toBeNull();
  expect(session.one(append({ part }))).toMatchObject({ ok: false });
  upload(session, data, "again");
  expect(session.kernel.parts.find(hashOfPart(part))?.seq).toBe(before[0]?.seq);
  expect(read(session, part)).toEqual(data);
});
