import { expect, test } from "vitest";
import { type GatePage, newestGates, type ShownGate } from "./newest-gates.ts";

const gates: ShownGate[] = [];

/** As the address answers, but pages of ten. */
async function get(path: string): Promise<GatePage> {
  const query = new URL(path, "http://host").searchParams;
  if (query.has("status")) return { items: gates.filter(({ outcome }) => !outcome), nextCursor: null };
  const after = Number(query.get("cursor"));
  const items = gates.slice(after, after + 10);
  return { items, nextCursor: after + 10 < gates.length ? String(after + 10) : null };
}

function open(count: number): void {
  for (let n = 0; n < count; n++) {
    const outcome = { status: "expired", at: 1, reason: "time" };
    gates.push({ gateId: `g-${gates.length}`, outcome } as ShownGate);
  }
}

test("IN6 gates that wait come first, then the newest, also when pages are added later", async () => {
  const load = newestGates(get);
  const shown = async () => (await load()).map(({ gateId }) => gateId);
  expect(await shown()).toEqual([]);
  open(25);
  gates[3] = { ...(gates[3] as ShownGate), outcome: null };
  expect((await shown()).slice(0, 3)).toEqual(["g-3", "g-24", "g-23"]);
  open(30);
  const all = await shown();
  expect(all.slice(0, 3)).toEqual(["g-3", "g-54", "g-53"]);
  expect(all).toHaveLength(16);
});
