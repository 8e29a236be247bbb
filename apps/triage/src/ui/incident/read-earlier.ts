/** What `HttpClient` has of a log. */
interface Log<Event> {
  readEvents(range: {
    readonly after: number;
    readonly limit: number;
  }): Promise<{ readonly items: readonly Event[]; readonly nextAfter: number }>;
}

/**
 * The `count` events before event `before`, in order. A page may end sooner than asked for, because it is bounded in bytes
 * too; what lies between its end and `before` would never be asked for again.
 */
export async function readEarlier<Event extends { readonly seq: number }>(
  log: Log<Event>,
  before: number,
  count: number,
): Promise<readonly Event[]> {
  const found: Event[] = [];
  let after = Math.max(0, before - 1 - count);
  while (after < before - 1) {
    const { items, nextAfter } = await log.readEvents({ after, limit: before - 1 - after });
    if (nextAfter <= after) break;
    found.push(...items.filter(({ seq }) => seq < before));
    after = nextAfter;
  }
  return found;
}
