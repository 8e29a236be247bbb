import { describe, expect, test } from "vitest";
import { type Page, PagedList } from "./paged-list.ts";

const size = 100;

/** A server with `total` rows; pages are answered one by one. */
function server(total: number) {
  const asked: (string | null)[] = [];
  const fetch = async (cursor: string | null): Promise<Page<number>> => {
    asked.push(cursor);
    const from = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(size, total - from) }, (_, index) => from + index);
    const next = from + items.length;
    const hasMore = next < total;
    return { items, total, hasMore, nextCursor: hasMore ? String(next) : null };
  };
  return { asked, fetch };
}

const loaded = (list: PagedList<number>, count: number) =>
  expect.poll(() => list.getSnapshot().items.length).toBeGreaterThanOrEqual(count);

describe("a paged list", () => {
  test("fetches nothing until somebody looks, then little more than is looked at", async () => {
    const { asked, fetch } = server(5_000);
    const list = new PagedList(fetch);
    expect(asked).toEqual([]);
    list.subscribe(() => {});
    await loaded(list, 2 * size);
    expect(list.getSnapshot()).toMatchObject({ total: 5_000, error: null });
    expect(asked.length).toBeLessThan(4);
  });

  test("reaches any row, in order and without a gap", async () => {
    const { fetch } = server(5_037);
    const list = new PagedList(fetch);
    list.subscribe(() => {});
    list.want(5_036);
    await loaded(list, 5_037);
    expect(list.getSnapshot().items).toEqual(Array.from({ length: 5_037 }, (_, index) => index));
  });

  test.each([3_000, 20])(
    "a reload reads on to the row that is looked at, %d, and no further",
    async (row) => {
      const { asked, fetch } = server(5_000);
      const list = new PagedList(fetch);
      list.subscribe(() => {});
      list.want(3_000);
      await loaded(list, 3_001);
      list.want(row);
      asked.length = 0;
      list.reload();
      await expect.poll(() => list.getSnapshot().isLoading).toBe(false);
      expect(list.getSnapshot().items.length).toBeGreaterThan(row);
      expect(asked.length).toBeLessThan((row + 2 * size) / size + 1);
    },
  );

  test("a failed page keeps what is there and goes on when asked to", async () => {
    const { fetch } = server(1_000);
    let fails = true;
    const list = new PagedList<number>(async (cursor) => {
      if (cursor === "200" && fails) throw new Error("gone");
      return fetch(cursor);
    });
    list.subscribe(() => {});
    list.want(999);
    await expect.poll(() => list.getSnapshot().error).toBeInstanceOf(Error);
    expect(list.getSnapshot().items).toHaveLength(200);
    fails = false;
    list.retry();
    await loaded(list, 1_000);
  });

  test("rows change in place, and a reload shows the old ones until the new are there", async () => {
    const { fetch } = server(50);
    const list = new PagedList(fetch);
    list.subscribe(() => {});
    await loaded(list, 50);
    list.patch((row) => (row === 7 ? 700 : row));
    expect(list.getSnapshot().items[7]).toBe(700);
    list.reload();
    expect(list.getSnapshot().items[7]).toBe(700);
    await expect.poll(() => list.getSnapshot().items[7]).toBe(7);
  });
});
