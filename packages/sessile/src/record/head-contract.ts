import { chainStart, extendChain, type Json, type RecordedEvent } from "../protocol/index.ts";
import type { SessionRecord } from "./record.ts";
import {
  allEvents,
  equal,
  exampleEvents,
  exampleRow,
  type RecordCase,
  refused,
  seeded,
} from "./record-examples.ts";

const withResults = (payloads: readonly Json[], results: readonly (Json | undefined)[]): RecordedEvent[] =>
  exampleEvents("a", 1, payloads).map((event, index) => {
    const result = results[index];
    return result === undefined ? event : { ...event, result };
  });

async function append(
  record: SessionRecord,
  events: readonly RecordedEvent[],
  headHash?: string,
): Promise<number> {
  await record.upsertSession(exampleRow("a", { lastSeq: events.at(-1)?.seq ?? 1 }));
  const fromSeq = events[0]?.seq ?? 1;
  return record.appendEvents({ kind: "note", name: "a", fromSeq, events, ...(headHash ? { headHash } : {}) });
}

/** What restoring from the record needs: results, and the head of the chain. */
export const headContract: readonly RecordCase[] = [
  {
    title: "RE23 results of any length are read back byte for byte, told from none, and compared",
    async run(record) {
      const long = 'é\\"'.repeat(200_000);
      const events = withResults(
        [1, "p".repeat(400_000), long, 4, 5],
        [undefined, "r".repeat(400_000), long, null, ""],
      );
      await append(record, events);
      equal(await allEvents(record, "a"), events, "events");
      await append(record, events);
      const page = await record.readEvents("note", "a", { after: 1, maxBytes: 700_000 });
      equal([page.events.length, page.hasMore], [1, true], "results count to a page's bytes");
      for (const result of [undefined, "other"]) {
        const forged = events.map(({ result: mine, ...event }) => {
          const kept = event.seq === 4 ? result : mine;
          return kept === undefined ? event : { ...event, result: kept };
        });
        equal(
          (await refused(() => append(record, forged), "conflict")).details.currentVersion,
          4,
          "seq of the difference",
        );
      }
    },
  },
  {
    title:
      "EX6 the chain's head is anchored with the range that it ends, for the seq it stands for, and never goes back",
    async run(record) {
      const events = withResults([1, 2, 3, 4, 5, 6], []);
      const headAt = (seq: number) => extendChain(chainStart("note", "a"), events.slice(0, seq));
      const stored = async () => (await record.getSession("note", "a"))?.head ?? null;
      await append(record, events.slice(0, 2));
      equal(await stored(), null, "before the first head");
      await append(record, events.slice(0, 4), headAt(4).hash);
      equal(await stored(), headAt(4), "head at 4");
      await append(record, events.slice(4, 5));
      equal(await stored(), headAt(4), "a range without a head leaves the one there is");
      await append(record, events.slice(3, 6), headAt(6).hash);
      await append(record, events.slice(0, 4), headAt(4).hash);
      equal(await stored(), headAt(6), "a repeat of an earlier range leaves the later one");
    },
  },
  {
    title: "EX6 a batch of several statements is anchored by its last one",
    async run(record) {
      await seeded(record, "b", [1]);
      const events = withResults(
        Array.from({ length: 2500 }, (_, n) => n),
        [],
      );
      const head = extendChain(chainStart("note", "a"), events);
      await append(record, events, head.hash);
      equal((await record.getSession("note", "a"))?.head, head, "head");
    },
  },
];
