import {
  type Commit,
  eventsOf,
  type Json,
  SessileError,
  type SessionEvent,
  sessionKeyOf,
} from "../protocol/index.ts";
import type { DirectoryRow, ListOptions, SessionRecord } from "./record.ts";

/** One promise of the `SessionRecord` port. Throws if the implementation breaks it; needs no test framework. */
export interface RecordCase {
  readonly title: string;
  /** Takes an empty record. */
  run(record: SessionRecord): Promise<void>;
}

export const exampleTime = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** A directory row of kind `note`; anything may be overridden. */
export function exampleRow(name: string, changes: Partial<DirectoryRow> = {}): DirectoryRow {
  return {
    kind: "note",
    name,
    lifecycle: "active",
    status: null,
    title: name,
    ownerId: null,
    lastSeq: 1,
    createdAt: exampleTime,
    updatedAt: exampleTime,
    facts: {},
    ...changes,
  };
}

/** Commits of one event each with every combination of actor and client event id, from `firstSeq` on. */
export function exampleCommits(firstSeq: number, payloads: readonly Json[]): Commit[] {
  const actors = [{ id: "u1", name: "Ada \u{1f9ed} O'Hara" }, { id: "u2" }];
  return payloads.map((payload, index) => {
    const seq = firstSeq + index;
    const by = (seq + 1) % 3;
    const event = {
      type: "note.added",
      payload,
      ...(by < 2 ? { by } : {}),
      ...(seq % 2 === 0 ? { clientEventId: `tab.1.${seq}` } : {}),
    };
    return { firstSeq: seq, at: exampleTime + seq, actors, events: [event] };
  });
}

export function exampleEvents(
  name: string,
  firstSeq: number,
  payloads: readonly Json[],
  kind = "note",
): SessionEvent[] {
  const key = sessionKeyOf(kind, name);
  return exampleCommits(firstSeq, payloads).flatMap((commit) => eventsOf(commit, key));
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [canonical(actual), canonical(expected)];
  if (left !== right) throw new Error(`${what}: expected ${right.slice(0, 500)}, got ${left.slice(0, 500)}`);
}

function canonical(value: unknown): string {
  const sorted = (_key: string, item: unknown) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item;
  return JSON.stringify(value, sorted) ?? "undefined";
}

/** Runs something that must be refused, and answers the refusal. */
export async function refused(
  run: () => Promise<unknown>,
  code: SessileError["code"],
): Promise<SessileError> {
  try {
    await run();
  } catch (thrown) {
    if (!(thrown instanceof SessileError)) throw thrown;
    equal(thrown.code, code, "error code");
    return thrown;
  }
  throw new Error(`expected a refusal with ${code}`);
}

export async function seeded(
  record: SessionRecord,
  name: string,
  payloads: readonly Json[],
): Promise<SessionEvent[]> {
  const events = exampleEvents(name, 1, payloads);
  await record.upsertSession(exampleRow(name, { lastSeq: events.length }));
  await record.appendEvents({ kind: "note", name, fromSeq: 1, events });
  return events;
}

export async function allEvents(record: SessionRecord, name: string, limit = 1000): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for (;;) {
    const page = await record.readEvents("note", name, { after: events.length, limit });
    events.push(...page.events);
    if (!page.hasMore) return events;
  }
}

export async function listed(record: SessionRecord, options: ListOptions): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await record.listSessions({ ...options, ...(cursor === undefined ? {} : { cursor }) });
    equal(page.hasMore, page.nextCursor !== null, "hasMore goes with nextCursor");
    names.push(...page.items.map((item) => item.name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return names;
}
