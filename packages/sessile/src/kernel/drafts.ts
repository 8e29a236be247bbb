import type { Draft } from "../protocol/draft.ts";
import { SessileError } from "../protocol/error.ts";
import type { PackedEvent } from "../protocol/event.ts";
import { assertClientEventId, assertUserEventType, parseProducerPosition } from "../protocol/ids.ts";
import type { Json } from "../protocol/json.ts";
import type { Batch } from "./batch.ts";
import { readContinuation, splitText, writeContinuation } from "./long-text.ts";
import { numberAt, type Sql, textAt } from "./sql.ts";

export interface StoredDraft extends Draft {
  readonly authorId: string;
}

const owner = "draft";

/**
 * The session's one pending message. A table of one row and a copy in memory, because every hello asks. It is not part of
 * the record: no event tells of it before it is sent or cancelled.
 */
export class Drafts {
  readonly #sql: Sql;
  readonly #maxRowBytes: number;
  /** Undefined: not known, ask the disk. */
  #known: StoredDraft | null | undefined;
  #touched = new Set<string>();

  constructor(sql: Sql, maxRowBytes: number) {
    this.#sql = sql;
    this.#maxRowBytes = maxRowBytes;
  }

  get(): StoredDraft | null {
    if (this.#known === undefined) this.#known = this.#read();
    return this.#known;
  }

  /** The draft as one author may see it; nobody else's is shown, and nobody in particular has none. */
  of(authorId: string | undefined): Draft | null {
    const draft = authorId === undefined ? null : this.get();
    if (!draft || draft.authorId !== authorId) return null;
    const { authorId: _own, ...shown } = draft;
    return shown;
  }

  /** Replaces what there is. The caller holds the transaction. */
  put(draft: StoredDraft): void {
    const { head, tail } = splitText(JSON.stringify(draft.payload), this.#maxRowBytes);
    this.#sql.exec(
      "INSERT OR REPLACE INTO _sessile_draft VALUES (1, ?, ?, ?, ?, ?)",
      draft.draftId,
      draft.authorId,
      draft.type,
      head,
      draft.savedAt,
    );
    writeContinuation(this.#sql, owner, tail, true);
    this.#known = undefined;
    this.#touched.add(draft.authorId);
  }

  /** The caller holds the transaction. */
  drop(): void {
    const draft = this.get();
    if (!draft) return;
    this.#sql.exec("DELETE FROM _sessile_draft");
    writeContinuation(this.#sql, owner, [], true);
    this.#known = undefined;
    this.#touched.add(draft.authorId);
  }

  /** A transaction was undone: what was read inside it may never have been. */
  forget(): void {
    this.#known = undefined;
  }

  /** Authors whose draft may have changed since the last time this was asked. */
  takeTouched(): ReadonlySet<string> {
    const touched = this.#touched;
    if (touched.size > 0) this.#touched = new Set();
    return touched;
  }

  #read(): StoredDraft | null {
    const row = this.#sql.exec("SELECT draft_id, author, type, body, saved_at FROM _sessile_draft")[0];
    if (!row) return null;
    return {
      draftId: textAt(row, "draft_id"),
      authorId: textAt(row, "author"),
      type: textAt(row, "type"),
      payload: JSON.parse(textAt(row, "body") + readContinuation(this.#sql, owner)) as Json,
      savedAt: numberAt(row, "saved_at"),
    };
  }
}

export interface DraftRequest {
  /** Absent: that of the author's draft there is, else the command's own id. */
  readonly draftId: string | undefined;
  readonly type: string;
  readonly payload: Json;
}

/** Saves, or replaces the author's own. @returns the draft's id */
export function saveDraft(sql: Sql, drafts: Drafts, batch: Batch, request: DraftRequest): string {
  const authorId = batch.actor?.id;
  if (authorId === undefined) {
    throw new SessileError("unauthenticated", "A draft belongs to its author. Sign in to save one.");
  }
  assertUserEventType(request.type);
  const pending = drafts.get();
  if (pending && pending.authorId !== authorId) {
    throw new SessileError(
      "conflict",
      "Somebody else's message is pending in this session, and there is one at most. Try again when it is sent or cancelled.",
      { field: "draft" },
    );
  }
  const draftId = request.draftId ?? pending?.draftId ?? batch.commandId ?? "";
  assertDraftId(draftId);
  const row = sql.exec("SELECT seq FROM _sessile_client_event WHERE id = ?", draftId)[0];
  if (row) {
    throw new SessileError(
      "conflict",
      "The draft of this id was sent or cancelled already. Save under another id.",
      { field: "draftId", currentVersion: numberAt(row, "seq") },
    );
  }
  const { type, payload } = request;
  drafts.put({ draftId, authorId, type, payload, savedAt: batch.at });
  return draftId;
}

/** The draft that is to be sent or cancelled. @throws SessileError `not_found` */
export function pendingDraft(drafts: Drafts, batch: Batch, draftId: string): StoredDraft {
  const draft = drafts.get();
  if (draft && draft.draftId === draftId && draft.authorId === batch.actor?.id) return draft;
  throw new SessileError("not_found", "No draft of yours with this id is pending.", { field: "draftId" });
}

/**
 * Sending and cancelling both end in an event that carries the draft's id, which an id can do once: whichever came first
 * has won.
 *
 * @throws SessileError `conflict` if the draft ended the other way
 */
export function assertEndedBy(op: "sendDraft" | "cancelDraft", { seq, event }: EndingEvent): void {
  const isCancelled = event.type === "draft.cancelled";
  if (isCancelled === (op === "cancelDraft")) return;
  const current = isCancelled ? "cancelled" : "sent";
  throw new SessileError("conflict", `This draft was ${current} already.`, {
    field: "draftId",
    current,
    currentVersion: seq,
  });
}

interface EndingEvent {
  readonly seq: number;
  readonly event: PackedEvent;
}

/** A structured id would stand in its producer's order, where the event has no place. */
function assertDraftId(draftId: string): void {
  assertClientEventId(draftId);
  if (!parseProducerPosition(draftId)) return;
  throw new SessileError("bad_request", "A draftId must not have the form of a producer's position.", {
    field: "draftId",
  });
}
