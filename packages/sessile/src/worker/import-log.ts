import { SessileError } from "../protocol/error.ts";
import type { Actor } from "../protocol/event.ts";
import { ExportFault, ExportReader } from "../protocol/export-reader.ts";
import { type ChainHead, chainStart, extendChain } from "../protocol/log-chain.ts";
import { partChunkBytes } from "../protocol/part.ts";
import type { PartPiece } from "../protocol/part-line.ts";
import { readExport } from "../protocol/read-export.ts";
import { packCommits, type RecordedEvent } from "../protocol/recorded-event.ts";
import type { RecordedSession, SessionRecord } from "../record/index.ts";
import type { SessionTarget } from "./session-stub.ts";

/** Events, or characters of payloads, staged in one step. */
const maxStagedEvents = 1000;
const maxStagedChars = 512 * 1024;

export interface ImportedSession {
  readonly kind: string;
  readonly name: string;
  readonly events: number;
  readonly head: string;
}

/** Who and what an import needs beside the file. */
export interface ImportContext {
  readonly actor: Actor | null;
  readonly record: SessionRecord | null;
  /** Checks the right to import under the address in the manifest. */
  readonly open: (kind: string, name: string) => Promise<SessionTarget>;
}

/** Imports an export while it is read; nothing of it shows before its last line was found good. @throws SessileError */
export async function importExport(
  body: ReadableStream<Uint8Array>,
  context: ImportContext,
): Promise<ImportedSession> {
  const pieces: PartPiece[] = [];
  const reader = new ExportReader(undefined, (piece) => pieces.push(piece));
  let opening: Promise<SessionTarget> | null = null;
  const open = (): Promise<SessionTarget> => {
    const { kind, name } = reader.manifest ?? { kind: "", name: "" };
    opening ??= context.open(kind, name);
    return opening;
  };
  let target: SessionTarget | null = null;
  let known: RecordedSession | null = null;
  try {
    const stage = new Stage(context.actor, false);
    // The right is asked for before the first event is whole: a long one is not held for somebody who may not import it.
    const text = pausing(decoded(body), async () => {
      if (reader.manifest) await open();
      for (const piece of pieces.splice(0)) await stage.addPart(piece);
    });
    for await (const event of readExport(text, reader)) {
      if (!target) {
        target = await open();
        const { kind, name } = target;
        known = (await context.record?.getSession(kind, name)) ?? null;
        await stage.begin(target);
      }
      assertContinues(known, reader.head);
      await stage.add(event);
    }
    if (!target) throw reader.fault("There is no event.");
    for (const piece of pieces.splice(0)) await stage.addPart(piece);
    assertReaches(known, reader.head);
    await stage.end(reader.head.seq);
    return { kind: target.kind, name: target.name, events: reader.head.seq, head: reader.head.hash };
  } catch (thrown) {
    throw asRefusal(thrown, reader);
  }
}

/** Strictly: a damaged letter must not pass for the replacement character. */
async function* decoded(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** Waits after each piece until `between` is done. */
async function* pausing(pieces: AsyncIterable<string>, between: () => Promise<void>): AsyncGenerator<string> {
  for await (const piece of pieces) {
    yield piece;
    await between();
  }
}

/** Rebuilds a session that was lost from the record alone. @throws SessileError */
export async function restoreSession(
  target: SessionTarget,
  record: SessionRecord,
  actor: Actor | null,
): Promise<ImportedSession> {
  const { kind, name } = target;
  const known = await record.getSession(kind, name);
  if (!known || known.recordedSeq === 0)
    throw new SessileError("not_found", "The record holds no events of this session.");
  const stage = new Stage(actor, true);
  await stage.begin(target);
  let head = chainStart(kind, name);
  while (head.seq < known.recordedSeq) {
    const { events } = await record.readEvents(kind, name, { after: head.seq });
    if (events.length === 0)
      throw new SessileError("internal", `The record lacks event ${head.seq + 1}, which it should hold.`);
    for (const event of events.filter(({ seq }) => seq <= known.recordedSeq)) {
      head = extendChain(head, [event]);
      assertContinues(known, head);
      await stage.add(event);
    }
  }
  await stage.end(head.seq);
  return { kind, name, events: head.seq, head: head.hash };
}

/** Stages events in steps, so that memory holds one step of them. */
class Stage {
  readonly #actor: Actor | null;
  readonly #fromRecord: boolean;
  #target: SessionTarget | null = null;
  #events: RecordedEvent[] = [];
  #chars = 0;

  constructor(actor: Actor | null, fromRecord: boolean) {
    this.#actor = actor;
    this.#fromRecord = fromRecord;
  }

  async begin(target: SessionTarget): Promise<void> {
    this.#target = target;
    await target.ask({ op: "importBegin" }, this.#actor);
  }

  async add(event: RecordedEvent): Promise<void> {
    this.#events.push(event);
    this.#chars += JSON.stringify([event.payload, event.result ?? null]).length;
    if (this.#events.length >= maxStagedEvents || this.#chars >= maxStagedChars) await this.#flush();
  }

  /** Parts wait beside the tables, as any part does until an event refers to it; those of an import that fails go. */
  async addPart({ hash, at, of, data }: PartPiece): Promise<void> {
    const [uploadId, importing] = [`import:${hash}`, true];
    const bytes = data.slice().buffer;
    const chunk = at / partChunkBytes;
    await this.#target?.ask({ op: "partChunk", uploadId, chunk, data: bytes, importing }, this.#actor);
    if (at + data.length < of) return;
    const mediaType = "application/octet-stream";
    await this.#target?.ask({ op: "partEnd", uploadId, hash, bytes: of, mediaType, importing }, this.#actor);
  }

  async end(lastSeq: number): Promise<void> {
    await this.#flush();
    await this.#target?.ask({ op: "importEnd", lastSeq, fromRecord: this.#fromRecord }, this.#actor);
  }

  async #flush(): Promise<void> {
    if (this.#events.length === 0) return;
    const commits = packCommits(this.#events);
    this.#events = [];
    this.#chars = 0;
    await this.#target?.ask({ op: "importAdd", commits, fromRecord: this.#fromRecord }, this.#actor);
  }
}

/** The record of this address must be the beginning of what comes in, or the two would contradict each other for ever. */
function assertContinues(known: RecordedSession | null, head: ChainHead): void {
  if (known?.head?.seq !== head.seq || known.head.hash === head.hash) return;
  throw new SessileError("conflict", "The record of this address holds another log.", {
    field: "head",
    currentVersion: known.head.seq,
  });
}

function assertReaches(known: RecordedSession | null, head: ChainHead): void {
  if (!known || known.recordedSeq === 0) return;
  if (known.head && known.head.seq <= head.seq) return;
  throw new SessileError(
    "conflict",
    "The record of this address goes further than what comes in. Restore it instead.",
    {
      field: "events",
      currentVersion: known.recordedSeq,
    },
  );
}

function asRefusal(thrown: unknown, reader: ExportReader): unknown {
  // A strict decoder throws a TypeError where the bytes are no UTF-8.
  const fault = thrown instanceof TypeError ? reader.fault("The bytes are not UTF-8.") : thrown;
  if (!(fault instanceof ExportFault)) return thrown;
  return new SessileError(
    "bad_request",
    `Line ${fault.line}: ${fault.message} Nothing was imported.`,
    { field: `line ${fault.line}`, ...(fault.seq === null ? {} : { currentVersion: fault.seq }) },
    { cause: thrown },
  );
}
