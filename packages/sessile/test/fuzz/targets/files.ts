import { StagedLog } from "../../../src/kernel/index.ts";
import { parseCommand } from "../../../src/protocol/command.ts";
import { eventIdOf, sessionKeyOf } from "../../../src/protocol/event-id.ts";
import { ExportWriter } from "../../../src/protocol/export-file.ts";
import { ExportFault, ExportReader } from "../../../src/protocol/export-reader.ts";
import { readExport } from "../../../src/protocol/read-export.ts";
import { packCommits, type RecordedEvent } from "../../../src/protocol/recorded-event.ts";
import { KernelFixture } from "../../../src/testing/kernel-fixture.ts";
import type { FuzzTarget } from "../fuzz.ts";
import type { Hostile } from "../hostile.ts";
import { assertRefusal, commands, refusing } from "./frames.ts";
import { systemPayloads } from "./system-events.ts";

const createdAt = "2026-01-01T00:00:00.000Z";

/** Export files: changed ones are refused where they were changed; forged ones that are whole in themselves are refused, or fold. */
export const exportFiles: FuzzTarget = {
  name: "exports",
  weight: 6,
  parallel: 1,
  async attempt(hostile, note) {
    const isForged = hostile.random.chance(0.3);
    const file = isForged ? forged(hostile, "test", "one") : hostile.mangle(good);
    note(file);
    const events = await read(file, hostile.random.pick([1, 7, 64, 100_000]));
    if (!events) return;
    const fixture = KernelFixture.empty();
    refusing(() => {
      const staged = new StagedLog(fixture.kernel);
      staged.begin();
      staged.add(packCommits(events));
      staged.activate(events.length);
    });
    // What was taken is a session like any other, also for whoever wakes next.
    if (fixture.wake().exists) {
      JSON.stringify(fixture.kernel.view);
      for (const [index, command] of commands.entries()) {
        const id = `p.0.${index}`;
        const outcome = refusing(() => fixture.one(parseCommand({ ...command, id }, "command")));
        if (outcome && !outcome.ok) assertRefusal(outcome.error);
      }
    }
    fixture.database.close();
  },
};

async function read(file: string, chunkChars: number): Promise<RecordedEvent[] | null> {
  const chunks = (async function* () {
    for (let at = 0; at < file.length; at += chunkChars) yield file.slice(at, at + chunkChars);
  })();
  const events: RecordedEvent[] = [];
  try {
    for await (const event of readExport(chunks, new ExportReader())) events.push(event);
    return events;
  } catch (thrown) {
    if (thrown instanceof ExportFault) return null;
    throw thrown;
  }
}

/** Anybody can compute a chain: what is in the events is what they like. */
export function forged(hostile: Hostile, kind: string, name: string): string {
  const { random } = hostile;
  const bodies = Array.from({ length: random.between(0, 8) }, () =>
    random.chance(0.2)
      ? { type: hostile.text().slice(0, 64) || "x", payload: parsed(hostile.json(2)) }
      : systemEvent(hostile),
  );
  return exported(kind, name, bodies);
}

function systemEvent(hostile: Hostile) {
  const [type, payloads] = hostile.random.pick(Object.entries(systemPayloads));
  return { type, payload: parsed(hostile.twist(hostile.random.pick(payloads), 0.06)) };
}

/** A session's export: that it began, and these. */
export function exported(
  kind: string,
  name: string,
  more: readonly { readonly type: string; readonly payload: unknown }[],
): string {
  const created = { kind, name, state: { count: 0 }, status: "new" };
  const bodies = [
    { type: "session.created", payload: created as unknown },
    { type: "session.lifecycle_changed", payload: { from: "initializing", to: "active" } },
    ...more,
  ];
  const writer = new ExportWriter({ kind, name, createdAt, events: bodies.length });
  const key = sessionKeyOf(kind, name);
  const lines = bodies.map(({ type, payload }, index) =>
    writer.event({
      seq: index + 1,
      eventId: eventIdOf(key, index + 1, Date.parse(createdAt)),
      type,
      actor: null,
      clientEventId: null,
      payload,
      createdAt,
    } as RecordedEvent),
  );
  return [writer.begin(), ...lines, writer.end()].join("");
}

const good = exported("test", "one", [
  { type: "message", payload: { text: "one" } },
  { type: "message", payload: { text: "\u00e9\u{1f9ed}" } },
]);

/** Nothing so deep that it could not be written either. */
function parsed(text: string): unknown {
  if (text.length > 4000) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
