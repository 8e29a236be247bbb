import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KernelFixture } from "../testing/kernel-fixture.ts";
import { maxRecentChars, maxRecentEvents } from "./recent-commits.ts";

/** Counts what the database is asked for and gives. */
function counting(fixture: KernelFixture) {
  const counts = { statements: 0, rows: 0 };
  const exec = fixture.sql.exec.bind(fixture.sql);
  fixture.sql.exec = (query, ...values) => {
    const rows = exec(query, ...values);
    counts.statements += 1;
    counts.rows += rows.length;
    return rows;
  };
  return counts;
}

function events(fixture: KernelFixture, count: number, perCommit: number): void {
  for (let n = 0; n < count; n += perCommit) {
    fixture.send(
      Array.from({ length: perCommit }, () => ({ op: "append" as const, type: "message", payload: { n } })),
    );
  }
}

test.each([1, 8, 64])(
  "CA6 a client at most 500 events behind costs no row read, at %i events a commit",
  (size) => {
    const fixture = new KernelFixture();
    events(fixture, 1280, size);
    const { lastSeq } = fixture.kernel.view;
    const counts = counting(fixture);
    const held = Math.floor(maxRecentEvents / size) * size;
    for (const behind of [0, 1, 50, 300, held]) {
      let after = lastSeq - behind;
      for (let more = true; more; ) {
        const page = fixture.kernel.readAfter(after, 200);
        more = page.more;
        after = page.commits.at(-1)?.lastSeq ?? after;
      }
      expect(after).toBe(lastSeq);
    }
    expect(counts).toEqual({ statements: 0, rows: 0 });
    fixture.kernel.readAfter(lastSeq - 501 - size);
    expect(counts.rows).toBeGreaterThan(0);
  },
);

test("TR4 a poll of a client that has everything reads no row, its author's draft included", () => {
  const fixture = new KernelFixture();
  events(fixture, 20, 1);
  const { kernel } = fixture;
  const poll = () => {
    const { lastSeq } = kernel.committedView;
    return [kernel.archive.holding(lastSeq), kernel.readAfter(lastSeq).commits, kernel.drafts.of("ada")];
  };
  poll();
  const counts = counting(fixture);
  expect(poll()).toEqual([null, [], null]);
  expect(counts).toEqual({ statements: 0, rows: 0 });
});

test("CA6 after a wake the first reader's page serves those after it", () => {
  const fixture = new KernelFixture();
  events(fixture, 300, 1);
  const counts = counting(fixture);
  const { lastSeq } = fixture.wake().view;
  const first = fixture.kernel.readAfter(lastSeq - 200);
  counts.rows = 0;
  expect(fixture.kernel.readAfter(lastSeq - 200)).toEqual(first);
  fixture.append("p.0.1");
  counts.rows = 0;
  expect(fixture.kernel.readAfter(lastSeq - 200).commits).toHaveLength(201);
  expect(counts.rows).toBe(0);
});

test("CA7 pages from memory are those the log would give, whatever commits, failures, wakes and cuts came before", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("commit" as const), events: fc.integer({ min: 1, max: 90 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("read" as const), behind: fc.nat(700), limit: fc.nat(200) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: "wake" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "fail" as const }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const fixture = new KernelFixture();
      for (const taken of steps) {
        if (taken.do === "commit") events(fixture, taken.events, taken.events);
        else if (taken.do === "wake") fixture.wake();
        else if (taken.do === "fail") {
          const exec = fixture.sql.exec;
          fixture.sql.exec = (query, ...values) => {
            if (query.startsWith("INSERT INTO _sessile_log")) throw new Error("disk full");
            return exec.call(fixture.sql, query, ...values);
          };
          expect(() => events(fixture, 2, 2)).toThrow("disk full");
          fixture.sql.exec = exec;
        } else {
          const { kernel } = fixture;
          const after = Math.max(0, kernel.view.lastSeq - taken.behind);
          const { maxPageBytes } = kernel.definition.limits;
          expect(kernel.readAfter(after, taken.limit + 1)).toMatchObject(
            kernel.log.readAfter(after, maxPageBytes, taken.limit + 1),
          );
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("CA6 what is held is bounded in events and in characters", () => {
  const fixture = new KernelFixture();
  for (let n = 0; n < 6; n++) fixture.append(undefined, "x".repeat(300_000));
  const counts = counting(fixture);
  const { lastSeq } = fixture.kernel.view;
  expect(fixture.kernel.readAfter(lastSeq - 2).commits.length).toBeGreaterThan(0);
  expect(counts.rows).toBe(0);
  fixture.kernel.readAfter(lastSeq - Math.ceil(maxRecentChars / 300_000));
  expect(counts.rows).toBeGreaterThan(0);
});
