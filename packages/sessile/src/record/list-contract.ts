import type { DirectoryRow, ListOptions } from "./record.ts";
import { equal, exampleRow, exampleTime, listed, type RecordCase, refused } from "./record-examples.ts";

const rows: readonly DirectoryRow[] = Array.from({ length: 30 }, (_, index) =>
  exampleRow(`s${String(index).padStart(2, "0")}`, {
    kind: index % 5 === 0 ? "chat" : "note",
    status: index % 2 === 0 ? "new" : "closed",
    lifecycle: index % 10 === 9 ? "terminated" : "active",
    title: ["Beacon to 10.0.0.1", "LSASS dump", "50% of \u{1f9ed} é", "beacon TO host"][index % 4] as string,
    // Every time three times over, so that the tie is decided by the id.
    updatedAt: exampleTime + Math.floor(index / 3),
    createdAt: exampleTime - index,
  }),
);

/** What every implementation keeps of `listSessions`. */
export const listContract: readonly RecordCase[] = [
  {
    title: "RE11 a list filters by kind, status, lifecycle and the words of q",
    async run(record) {
      for (const row of rows) await record.upsertSession(row);
      const names = async (options: ListOptions) => (await listed(record, { ...options, limit: 100 })).sort();
      const expected = (test: (row: DirectoryRow) => boolean) => rows.filter(test).map((row) => row.name);
      equal(
        await names({}),
        expected(() => true),
        "all",
      );
      equal(
        await names({ kind: "chat" }),
        expected((row) => row.kind === "chat"),
        "kind",
      );
      equal(
        await names({ status: "new", lifecycle: "active" }),
        expected((row) => row.status === "new" && row.lifecycle === "active"),
        "status and lifecycle",
      );
      equal(
        await names({ q: " to BEACON " }),
        expected((row) => /beacon/i.test(row.title)),
        "words in any order",
      );
      equal(
        await names({ q: "%" }),
        expected((row) => row.title.includes("%")),
        "wildcards are plain",
      );
      equal(
        await names({ q: "É 50" }),
        expected((row) => row.title.includes("é")),
        "case beyond ASCII",
      );
      equal(await names({ q: "s07" }), ["s07"], "name");
      equal(await names({ q: "x".repeat(60) }), [], "longer than 50 bytes");
    },
  },
  {
    title:
      "RE11 a page has 20 items unless asked for 1 to 100; anything else is bad_request naming the field",
    async run(record) {
      for (const row of rows) await record.upsertSession(row);
      equal((await record.listSessions()).items.length, 20, "default limit");
      equal((await record.listSessions({ limit: 30 })).nextCursor, null, "exactly all");
      for (const limit of [0, 101, 1.5, Number.NaN]) {
        equal(
          (await refused(() => record.listSessions({ limit }), "bad_request")).details.field,
          "limit",
          "field",
        );
      }
      equal(
        (await refused(() => record.listSessions({ q: "x".repeat(201) }), "bad_request")).details.field,
        "q",
        "field",
      );
    },
  },
  {
    title: "RE12 pages join to the whole list in each order, without repeat or omission",
    async run(record) {
      for (const row of rows) await record.upsertSession(row);
      const id = (row: DirectoryRow) => `${row.kind}/${row.name}`;
      const by = (key: (row: DirectoryRow) => number | string) =>
        [...rows]
          .sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : id(a) < id(b) ? -1 : 1))
          .map((row) => row.name);
      const orders = {
        updatedAt: by((row) => row.updatedAt),
        createdAt: by((row) => row.createdAt),
        title: by((row) => `${row.title}\n${row.name}`.toLowerCase()),
      };
      for (const [order, names] of Object.entries(orders) as [keyof typeof orders, string[]][]) {
        for (const limit of [4, 30]) {
          equal(await listed(record, { order, limit }), names, `${order} by ${limit}`);
          equal(
            await listed(record, { order: `-${order}`, limit }),
            [...names].reverse(),
            `-${order} by ${limit}`,
          );
        }
      }
    },
  },
  {
    title: "RE12 a cursor that is malformed or of another order is bad_request naming cursor",
    async run(record) {
      for (const row of rows) await record.upsertSession(row);
      const { nextCursor } = await record.listSessions({ limit: 3 });
      const cursors = [
        "",
        "!",
        "e30",
        "WzEsMl0",
        "W10",
        `${nextCursor}x`,
        (nextCursor ?? "").slice(1),
        "x".repeat(10_000),
      ];
      for (const cursor of cursors) {
        equal(
          (await refused(() => record.listSessions({ cursor }), "bad_request")).details.field,
          "cursor",
          `field for ${cursor}`,
        );
      }
      const other = { cursor: nextCursor ?? "", order: "title" } as const;
      equal(
        (await refused(() => record.listSessions(other), "bad_request")).details.field,
        "cursor",
        "field",
      );
    },
  },
];
