import type { Gate } from "../protocol/index.ts";
import type { SessionRecord } from "./record.ts";
import { equal, exampleRow, exampleTime, type RecordCase, refused } from "./record-examples.ts";
import { type GateListOptions, waitingGatesOf } from "./waiting-gate.ts";

const gate = (gateId: string, changes: Partial<Gate> = {}): Gate => ({
  gateId,
  title: gateId,
  detail: "",
  options: ["approve", "reject"],
  expiresAt: null,
  openedAt: exampleTime,
  ...changes,
});

const listed = async (record: SessionRecord, options: GateListOptions = {}): Promise<string[]> => {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await record.listGates({ ...options, ...(cursor === undefined ? {} : { cursor }) });
    equal(page.hasMore, page.nextCursor !== null, "hasMore goes with nextCursor");
    found.push(...page.items.map(({ name, gate: { gateId } }) => `${name}/${gateId}`));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
};

/** What every implementation keeps of gates that wait. */
export const gatesContract: readonly RecordCase[] = [
  {
    title:
      "GA23 the gates are those of the newest directory row; an older, a fenced and a deleted one change nothing",
    async run(record) {
      const row = (lastSeq: number, ids: readonly string[], epoch = 2) =>
        exampleRow("a", { lastSeq, epoch, gates: ids.map((id) => gate(id)) });
      await record.upsertSession(row(5, ["g", "h"]));
      await record.upsertSession(row(4, []));
      equal(await listed(record), ["a/g", "a/h"], "after an older row");
      await refused(() => record.upsertSession(row(9, ["x"], 1)), "fenced");
      await refused(() => record.upsertSession(row(5, ["x"], 1)), "fenced");
      equal(await listed(record), ["a/g", "a/h"], "after a fenced writer");
      await record.upsertSession(row(6, ["h", "i"]));
      equal(await listed(record), ["a/h", "a/i"], "after a newer row");
      const escalated = gate("h", { title: "again", escalation: { at: 1, to: ["bob"], isDone: true } });
      await record.upsertSession(exampleRow("a", { lastSeq: 7, epoch: 2, gates: [escalated] }));
      equal((await record.listGates()).items[0]?.gate, escalated, "the gate as it is now");
      await record.upsertSession(exampleRow("a", { lastSeq: 8, epoch: 2 }));
      equal(await listed(record), [], "after a row without gates");
      await record.upsertSession(row(9, ["j"]));
      await record.deleteSession("note", "a", exampleTime + 1);
      await refused(() => record.upsertSession(row(10, ["k"])), "not_found");
      equal(await listed(record), [], "after the deletion");
    },
  },
  {
    title: "GA22 what expires first comes first, in pages, each once, to whom the session is shown",
    async run(record) {
      const kinds = ["note", "chat"];
      for (let index = 0; index < 12; index++) {
        const gates = [
          gate("soon", { expiresAt: exampleTime + (index % 4) }),
          gate("ever", { openedAt: exampleTime + (index % 3) }),
        ];
        const isPrivate = index % 2 === 1;
        const access = isPrivate ? ({ visibility: "private", readerIds: ["ada"] } as const) : {};
        const kind = kinds[index % 2] as string;
        await record.upsertSession(
          exampleRow(`s${String(index).padStart(2, "0")}`, { kind, gates, ...access }),
        );
      }
      const all = await listed(record, { limit: 5 });
      equal([all.length, new Set(all).size], [24, 24], "each once");
      equal(all, await listed(record, { limit: 100 }), "the same in one page");
      const { items } = await record.listGates({ limit: 100 });
      const keys = items.map(({ gate: { expiresAt, openedAt } }) => [
        expiresAt ?? Number.MAX_SAFE_INTEGER,
        openedAt,
      ]);
      const inOrder = keys.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
      equal(keys, inOrder, "order");
      equal((await listed(record, { visibleTo: null })).length, 12, "for nobody in particular");
      equal((await listed(record, { visibleTo: "ada" })).length, 24, "for a reader");
      equal((await listed(record, { kind: "chat" })).length, 12, "of one kind");
      await refused(() => record.listGates({ limit: 0 }), "bad_request");
      await refused(() => record.listGates({ limit: 101 }), "bad_request");
      await refused(() => record.listGates({ cursor: "x" }), "bad_request");
    },
  },
  {
    title:
      "GA23 a session with more and longer gates than a statement takes shows the first of them, shortened",
    async run(record) {
      const long = "é".repeat(60_000);
      const call = { name: "c", arguments: { text: long }, argumentsHash: "h" };
      const gates = Object.fromEntries(
        Array.from({ length: 300 }, (_, index) => {
          const gateId = `g${String(index).padStart(3, "0")}`;
          const eligible = Array.from({ length: 100 }, (_, id) => `person-${id}`.padEnd(128, "x"));
          return [
            gateId,
            gate(gateId, { detail: long, call, eligible, expiresAt: exampleTime + 300 - index }),
          ];
        }),
      );
      await record.upsertSession(exampleRow("a", { gates: waitingGatesOf({ gates }) }));
      const { items } = await record.listGates({ limit: 100 });
      equal(items[0]?.gate.gateId, "g299", "what expires first");
      const { detail = long, call: shown, isShortened } = items[0]?.gate ?? {};
      equal(
        [detail.length < long.length, shown, isShortened],
        [true, { ...call, arguments: null }, true],
        "shortened",
      );
      equal((await listed(record, { limit: 100 })).length, 200, "as many as inboxes show of one session");
    },
  },
];
