import { callable, type Limits, Session, type SessionRecord, type VoiceSettings } from "sessile";
import { createD1Record } from "sessile/d1";
import {
  StreamObject as BaseStreamObject,
  type StreamManager,
  StreamObjects,
  StreamRelay,
} from "sessile/stream";
import { streamContract } from "sessile/testing";
import { instancesBegun } from "./fixture-notes.ts";
import { faultyDatabase } from "./fixture-record.ts";

/** Of those whose names say so, each object serves few readers itself. */
export class StreamObject extends BaseStreamObject {
  override readonly limits: Partial<Limits> = this.ctx.id.name?.startsWith("crowd")
    ? { maxStreamReaders: 2, maxStreamBufferedBytes: 1024 * 1024 }
    : {};

  override onStart(): void {
    instancesBegun.set(this.name, (instancesBegun.get(this.name) ?? 0) + 1);
  }
}

/** A kind that talks: streams written by its methods, and the contract of streams run inside. */
export class Voices extends Session {
  readonly kind: string = "voices";
  readonly initialState = null;
  override readonly snapshots = null;
  override readonly limits: Partial<Limits> = { maxStreamBufferedBytes: 256 * 1024 };
  /** A call without services: audio goes from one to the others. */
  override readonly voice: VoiceSettings = {};

  override onStart(): void {
    instancesBegun.set(this.name, (instancesBegun.get(this.name) ?? 0) + 1);
  }

  /** Appends `count` chunks of `chars` characters and says how many were durable. */
  readonly say = callable(async (id: string, count: number, chars: number, end: boolean) => {
    const writer = this.streams.open(id);
    const answers = Array.from({ length: count }, (_, n) => writer.append(`${n};`.padEnd(chars, "x")));
    const { length } = await Promise.all(answers);
    if (end) await writer.end({ count });
    return length;
  });
  readonly fail = callable(async (id: string) => this.streams.failStream(id, new Error("No voice.")));
  readonly reset = callable(async (id: string) => this.streams.resetStream(id));
  /** An event without a payload and one of a stream, in one commit. */
  readonly noteAndOpen = callable((id: string) => {
    // As JavaScript without types may.
    this.append("note.added", undefined as never);
    this.streams.open(id);
  });
  readonly rows = callable(() => this.sql<{ n: number }>`SELECT count(*) AS n FROM _sessile_log`[0]?.n ?? 0);
  readonly contract = callable(async (title: string, step: number) =>
    runStep(this.streams, title, step, "c"),
  );
}

/** A kind that shows nothing before it is recorded. */
export class Whispers extends Voices {
  override readonly kind: string = "whispers";
  override readonly durability = "ledger";
  override readonly streamRetention = { endedMs: 100 };
  override recordOf(env: unknown): SessionRecord {
    const { SESSILE_RECORD } = env as { readonly SESSILE_RECORD: Parameters<typeof createD1Record>[0] };
    return createD1Record(faultyDatabase(SESSILE_RECORD));
  }
}

/** A kind whose objects serve few readers themselves. */
export class Crowds extends Voices {
  override readonly kind: string = "crowds";
  override readonly limits = { maxStreamReaders: 2, maxStreamBufferedBytes: 1024 * 1024 };
  override readonly expiry = (this.ctx.id.name ?? "").startsWith("brief") ? { idleMs: 1500 } : null;
}

export class Relay extends StreamRelay {
  override readonly limits = { maxStreamReaders: 2, maxStreamBufferedBytes: 64 * 1024 };

  /** Its readers' sockets go with it. */
  die(): void {
    this.ctx.abort("killed");
  }
}

/** One step of one case of the contract. @returns whether there is another */
export async function runStep(
  streams: StreamManager,
  title: string,
  step: number,
  prefix: string,
): Promise<boolean> {
  const index = streamContract.findIndex((one) => one.title === title);
  const { steps } = streamContract[index] ?? { steps: [] };
  await steps[step]?.(streams, `${prefix}-${index}`);
  return step + 1 < steps.length;
}

export function standaloneStreams(env: { readonly STREAMS: DurableObjectNamespace }): StreamManager {
  return new StreamObjects(env.STREAMS);
}
