import { describe, expect, test } from "vitest";
import type { Commit } from "../../protocol/event.ts";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { type ArchiveBucket, Archiver, archiveDueId } from "./archiver.ts";

function wired(bucket: ArchiveBucket | null, hotEvents = 20) {
  const fixture = new KernelFixture();
  const state = { recordedSeq: Number.MAX_SAFE_INTEGER, neededFrom: null as number | null };
  const make = () =>
    new Archiver({
      kernel: fixture.kernel,
      retention: { hotEvents },
      bucket,
      recordedSeq: () => state.recordedSeq,
      neededFrom: () => state.neededFrom,
    });
  for (let n = 0; n < 100; n++) fixture.append(`p.1.${n}`, `line ${n} é`);
  fixture.kernel.write(null, fixture.now, (writer) => writer.sealSnapshot());
  return { fixture, state, archiver: make(), make };
}

function bucketOf() {
  const objects = new Map<string, ArrayBuffer>();
  const state = { isDown: false };
  const bucket: ArchiveBucket = {
    async put(key, body) {
      if (state.isDown) throw new Error("R2 is away");
      objects.set(key, body);
    },
    async get(key) {
      if (state.isDown) throw new Error("R2 is away");
      const body = objects.get(key);
      return body ? { arrayBuffer: async () => body } : null;
    },
  };
  return { bucket, objects, state };
}

/** Every seq there is to read, page by page. */
async function seqsOf(archiver: Archiver): Promise<number[]> {
  const seqs: number[] = [];
  for (let after = 0, more = true; more; ) {
    const page = await archiver.readAfter(after, 7);
    for (const { body } of page.commits) {
      const commit = JSON.parse(body) as Commit;
      seqs.push(...commit.events.map((_, index) => commit.firstSeq + index));
    }
    after = page.commits.at(-1)?.lastSeq ?? after;
    more = page.more;
  }
  return seqs;
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe("archiver", () => {
  test.each([["in place"], ["in a bucket"]])(
    "RT3 what was archived %s reads as before, also after a wake",
    async (where) => {
      const { bucket, objects } = bucketOf();
      const { fixture, archiver, make } = wired(where === "in place" ? null : bucket);
      archiver.sealed(fixture.now);
      expect(fixture.kernel.due.dueAt(archiveDueId)).not.toBeNull();
      await archiver.run(fixture.now);
      expect(fixture.kernel.archive.hotFrom).toBe(84);
      expect(fixture.kernel.due.dueAt(archiveDueId)).toBeNull();
      expect(objects.size).toBe(where === "in place" ? 0 : 1);
      expect(await seqsOf(archiver)).toEqual(upTo(103));
      fixture.wake();
      expect(await seqsOf(make())).toEqual(upTo(103));
      expect(fixture.kernel.view.lastSeq).toBe(103);
      expect(fixture.append("p.1.100")).toMatchObject({ ok: true, repeated: false });
    },
  );

  test("RT5 nothing leaves that is not recorded, not sealed, or among the newest", async () => {
    const { fixture, state, archiver } = wired(null);
    state.recordedSeq = 10;
    await archiver.run(fixture.now);
    expect(fixture.kernel.archive.hotFrom).toBe(11);
    state.recordedSeq = 0;
    await archiver.run(fixture.now);
    expect(fixture.kernel.archive.hotFrom).toBe(11);
  });

  test("RT5 what is committed while a range is put away leaves only after the view on disk holds it", async () => {
    const { bucket } = bucketOf();
    const { fixture, archiver } = wired({
      ...bucket,
      put: async (key, body) => {
        await bucket.put(key, body);
        if (fixture.kernel.view.lastSeq > 103) return;
        // The clock stands still, so that the run takes these as well.
        fixture.kernel.write(null, fixture.now, (writer) => {
          writer.setState({ count: 7 });
          for (let n = 0; n < 40; n++) writer.append("message", n);
          writer.sealSnapshot();
        });
        fixture.kernel.write(null, fixture.now, (writer) => {
          for (let n = 0; n < 30; n++) writer.append("message", n);
          writer.sealSnapshot();
        });
      },
    });
    await archiver.run(fixture.now);
    expect(fixture.kernel.archive.hotFrom).toBeGreaterThan(104);
    const { view } = fixture.kernel;
    expect(fixture.wake().view).toEqual(view);
  });

  test("RN34 nothing leaves that the session's own code reads back, also if it begins to while that is put away", async () => {
    const { bucket } = bucketOf();
    const { fixture, state, archiver } = wired({
      ...bucket,
      put: async (key, body) => {
        await bucket.put(key, body);
        if (state.neededFrom === null) state.neededFrom = 40;
      },
    });
    await archiver.run(fixture.now);
    expect(fixture.kernel.archive.hotFrom).toBe(40);
    state.neededFrom = 90;
    await archiver.run(fixture.now);
    expect(fixture.kernel.archive.hotFrom).toBe(84);
  });

  test("RT3 a bucket that is away stops archiving, loses nothing, and tells readers where to go on", async () => {
    const { bucket, state } = bucketOf();
    const { fixture, archiver, make } = wired(bucket);
    state.isDown = true;
    await expect(archiver.run(fixture.now)).rejects.toThrow("R2 is away");
    expect(fixture.kernel.archive.hotFrom).toBe(1);
    state.isDown = false;
    await archiver.run(fixture.now);
    state.isDown = true;
    await expect(make().readAfter(5, 10)).rejects.toMatchObject({
      code: "unavailable",
      details: { currentVersion: 83 },
    });
    expect((await make().readAfter(83, 1000)).commits).toHaveLength(20);
  });
});
