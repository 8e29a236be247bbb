import { describe, expect, test } from "vitest";
import { sessionKeyOf } from "../protocol/event-id.ts";
import { defaultLimits } from "../protocol/limits.ts";
import { chainStart, extendChain } from "../protocol/log-chain.ts";
import { recordedEventsOf } from "../protocol/recorded-event.ts";
import { ada, bob, KernelFixture } from "../testing/kernel-fixture.ts";
import { pageOfRange } from "./archive.ts";

const bytes = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer;

/** Archives everything up to `upTo` in one range, uncompressed. */
function archive(fixture: KernelFixture, upTo: number) {
  const { archive: store } = fixture.kernel;
  const range = store.next(upTo, fixture.now)!;
  const key = sessionKeyOf("test", "one");
  const events = range.commits.flatMap(({ body }) => recordedEventsOf(JSON.parse(body), key));
  const last = store.last();
  const before = last ? { seq: last.toSeq, hash: last.hash } : chainStart("test", "one");
  const { hash } = extendChain(before, events);
  const body = bytes(range.commits.map((commit) => commit.body).join("\n"));
  const { fromSeq, toSeq } = range;
  store.replace(
    { fromSeq, toSeq, hashBefore: before.hash, hash, place: "sql" },
    body,
    body.byteLength,
    fixture.now,
  );
  return range;
}

function grown(overrides = {}): KernelFixture {
  const fixture = new KernelFixture(overrides);
  for (let n = 0; n < 80; n++) fixture.append(`p.1.${n}`, n);
  fixture.append("foreign", "é".repeat(1000));
  for (let n = 80; n < 160; n++) fixture.append(`p.1.${n}`, n);
  return fixture;
}

describe("archive", () => {
  test("RT1 whole commits leave the hot log, oldest first, and a tombstone with the range and its hashes takes their place", () => {
    const fixture = grown({ limits: { ...defaultLimits, maxRowBytes: 900 } });
    const all = fixture.commits();
    const range = archive(fixture, 50);
    expect([range.fromSeq, range.toSeq]).toEqual([1, 50]);
    const second = archive(fixture, 100);
    expect([second.fromSeq, second.toSeq]).toEqual([51, 100]);
    const events = all.flatMap((commit) => recordedEventsOf(commit, sessionKeyOf("test", "one")));
    const head = (seq: number) => extendChain(chainStart("test", "one"), events.slice(0, seq)).hash;
    expect(fixture.kernel.archive.last()).toEqual({
      fromSeq: 51,
      toSeq: 100,
      hashBefore: head(50),
      hash: head(100),
      place: "sql",
    });
    expect(fixture.kernel.archive.holding(49)?.toSeq).toBe(50);
    expect(fixture.kernel.archive.holding(50)?.toSeq).toBe(100);
    expect(fixture.kernel.archive.holding(100)).toBeNull();
    expect(fixture.commits(100).map((commit) => commit.firstSeq)).toEqual(
      all.map(({ firstSeq }) => firstSeq).filter((seq) => seq > 100),
    );
    const kept = fixture.kernel.archive
      .parts(100)
      .map((part) => new TextDecoder().decode(part))
      .join("");
    expect(kept.split("\n")).toEqual(second.commits.map(({ body }) => body));
    expect(fixture.rows("_sessile_continuation WHERE owner LIKE 'log:%'")).toBe(0);
    expect(fixture.wake().archive.hotFrom).toBe(101);
    expect(fixture.kernel.view.lastSeq).toBe(163);
  });

  test("RT2 a page of a range is cut like a page of the log and says that more follows", () => {
    const fixture = grown();
    const { commits } = archive(fixture, 60);
    expect(pageOfRange(commits, 10, 1e6, 5).commits.map(({ lastSeq }) => lastSeq)).toEqual([
      11, 12, 13, 14, 15,
    ]);
    expect(pageOfRange(commits, 59, 1e6, 5)).toMatchObject({ commits: [{ lastSeq: 60 }], more: true });
    expect(pageOfRange(commits, 0, 1, 100).commits).toHaveLength(1);
  });

  test("RT4 a command whose event lies in the archive is refused, never run again; newer ids work as before", () => {
    const fixture = grown();
    const count = fixture.kernel.view.lastSeq;
    archive(fixture, 100);
    for (const by of [ada, bob]) {
      expect(fixture.one({ op: "append", id: "foreign", type: "message" }, by)).toMatchObject({
        ok: false,
        error: { code: "fenced", details: { currentVersion: 83 } },
      });
    }
    expect(fixture.append("p.1.3")).toMatchObject({ ok: false, error: { code: "fenced" } });
    expect(fixture.append("p.1.150")).toMatchObject({ ok: true, repeated: true });
    expect(fixture.kernel.view.lastSeq).toBe(count);
    expect(fixture.append("p.1.160")).toMatchObject({ ok: true, repeated: false });
    expect(fixture.append("foreign-2")).toMatchObject({ ok: true, repeated: false });
  });
});
