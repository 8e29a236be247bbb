import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { partsDueId } from "../../kernel/index.ts";
import { type PartInfo, partChunkBytes, partReference } from "../../protocol/part.ts";
import { KernelFixture } from "../../testing/kernel-fixture.ts";
import { type PartBucket, PartStore } from "./part-store.ts";

/** A bucket that can go away; a real one is in the server's tests. */
function bucketOf() {
  const objects = new Map<string, ArrayBuffer>();
  const state = { isDown: false };
  const answer = <T>(value: () => T): Promise<T> =>
    state.isDown ? Promise.reject(new Error("R2 is away")) : Promise.resolve(value());
  const bucket: PartBucket = {
    put: (key, body) => answer(() => objects.set(key, body)),
    head: (key) => answer(() => (objects.has(key) ? { size: objects.get(key)?.byteLength ?? 0 } : null)),
    get: (key, { range: { offset, length } }) =>
      answer(() => {
        const body = objects.get(key);
        return body ? { arrayBuffer: async () => body.slice(offset, offset + length) } : null;
      }),
  };
  return { bucket, objects, state };
}

test("PA10 a bucket that is away refuses no part; the move is made when it answers, bytes before rows", async () => {
  const session = new KernelFixture();
  const { bucket, objects, state } = bucketOf();
  const { parts, due } = session.kernel;
  const store = new PartStore(session.kernel, bucket);
  const data = Uint8Array.from({ length: partChunkBytes + 5 }, (_, index) => index % 249);
  const hash = createHash("sha256").update(data).digest("hex");
  state.isDown = true;
  parts.stage("u", 0, data.slice(0, partChunkBytes).buffer, session.now);
  parts.stage("u", 1, data.slice(partChunkBytes).buffer, session.now);
  parts.finish("u", hash, data.length, "image/png", session.now);
  session.append("a", partReference(hash, { mediaType: "image/png", bytes: data.length }));
  store.referred(session.now);
  expect(due.dueAt(partsDueId)).toBe(session.now + 1000);
  await expect(store.run(session.now)).rejects.toThrow("R2 is away");
  const read = async () => {
    const part = (await store.find(hash)) as PartInfo;
    const pieces = [await store.data(part, 0), await store.data(part, 1)];
    return new Uint8Array(Buffer.concat(pieces.map((piece) => new Uint8Array(piece))));
  };
  expect(await read()).toEqual(data);
  state.isDown = false;
  await store.run(session.now);
  expect([...objects.keys()]).toEqual([`parts/test/one/${hash}`]);
  expect(session.rows("_sessile_part_chunk")).toBe(0);
  expect(due.dueAt(partsDueId)).toBeNull();
  expect(await read()).toEqual(data);
  state.isDown = true;
  await expect(read()).rejects.toMatchObject({ code: "unavailable" });
});

test("PA10 without a bucket nothing is due for what events refer to", async () => {
  const session = new KernelFixture();
  const { parts, due } = session.kernel;
  const store = new PartStore(session.kernel, null);
  const data = new Uint8Array([1, 2, 3]);
  const reference = session.kernel.write(null, session.now, (writer) =>
    writer.parts.keep(data, { mediaType: "image/png" }, session.now),
  ).value;
  session.append("a", reference);
  store.referred(session.now);
  await store.run(session.now);
  expect(due.dueAt(partsDueId)).toBeNull();
  expect(parts.find(reference.$part.slice(7))?.place).toBe("sql");
});
