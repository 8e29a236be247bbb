import type { Action } from "../../protocol/access.ts";
import { SessileError } from "../../protocol/error.ts";
import type { Actor } from "../../protocol/event.ts";
import type { SessionReply, SessionRequest } from "../../protocol/request.ts";
import { noSuchSession } from "../no-such-session.ts";
import type { SessionHost } from "../session-host.ts";
import { isImport } from "../session-request.ts";
import { type Deletion, deletedError, Eraser, type EraserOptions, readDeletion } from "./eraser.ts";

/** What deleting needs of the session. */
export interface DeletableSession extends Omit<EraserOptions, "atRest"> {
  readonly isOwned: boolean;
  readonly name: () => string;
  readonly host: () => SessionHost | null;
  readonly may: (actor: Actor | null, action: Action) => boolean;
  /** Opens the tables, and makes a host for them. */
  readonly open: () => Promise<void>;
  /** Whatever still runs beside the commits finds no database. */
  readonly close: (reason: SessileError) => void;
}

/** Whether a session was deleted, and what may still happen at its address. */
export class SessionDeletion {
  readonly #session: DeletableSession;
  readonly #eraser: Eraser;
  #deletion: Deletion | null;
  #isStaging = false;

  constructor(session: DeletableSession) {
    this.#session = session;
    this.#eraser = new Eraser({ ...session, atRest: async () => session.host()?.atRest() });
    this.#deletion = readDeletion(session.context);
    if (this.#deletion) this.#eraser.dismiss();
  }

  /** Not null: this session was deleted, or is being deleted, and nothing else of it runs. */
  get current(): Deletion | null {
    return this.#deletion;
  }

  /** The tables of a deleted address are open for an import, which nobody else sees before it is whole. */
  get isStaging(): boolean {
    return this.#isStaging;
  }

  /** Answers once nothing is left, however often it is asked. */
  async delete(free: boolean, actor: Actor | null): Promise<SessionReply> {
    const { kind, isOwned, name, host } = this.#session;
    try {
      await this.#eraser.readmitted();
      await this.#assertMay(actor);
      const { ownerId = actor?.id ?? null } = this.#deletion ?? host()?.kernel.view.access ?? {};
      this.begin(isOwned ? ownerId : null);
      const deletedAt = await this.#erase();
      if (free) await this.#free();
      return { ok: true, value: { address: { kind, name: name() }, deletedAt } };
    } catch (thrown) {
      return { ok: false, error: SessileError.from(thrown).toWire() };
    }
  }

  /** From here on the session is no more. An import that was bringing it back comes to nothing. */
  begin(ownerId: string | null): void {
    const { name, host } = this.#session;
    if (this.#isStaging) this.#unstage();
    if (this.#deletion) return;
    this.#deletion = this.#eraser.begin(name(), ownerId, Date.now());
    this.#session.close(deletedError());
    this.#eraser.dismiss();
    host()?.end(deletedError());
  }

  /** Goes on with a deletion that was cut short. */
  async resume(): Promise<void> {
    if (!this.#deletion?.isDone) await this.#erase();
  }

  /** An import is meant to bring a session back, if it comes from whoever it belonged to. */
  async admits(request: SessionRequest, actor: Actor | null): Promise<boolean> {
    const { isDone = false, ownerId = null } = this.#deletion ?? {};
    if (!isImport(request) || !isDone || (ownerId !== null && ownerId !== actor?.id)) return false;
    if (request.op === "importBegin" && !this.#isStaging) await this.#stage();
    return this.#isStaging;
  }

  /** The last step of an import. A deleted address is free from the moment in which it holds the whole of one. */
  async completing(activate: () => Promise<SessionReply>): Promise<SessionReply> {
    const former = this.#deletion;
    if (!former) return activate();
    await this.#eraser.readmit(this.#session.name());
    // Deleted once more meanwhile.
    if (!this.#isStaging) return { ok: false, error: deletedError().toWire() };
    // Nothing comes in between: row and tables change in one commit.
    this.#eraser.free();
    this.#deletion = null;
    this.#isStaging = false;
    const reply = await activate();
    if (!reply.ok) await this.#takeBack(former);
    return reply;
  }

  async #assertMay(actor: Actor | null): Promise<void> {
    const { kind, record, isOwned, name, host, may } = this.#session;
    if (!this.#deletion && host()?.kernel.exists) {
      if (may(actor, "admin")) return;
      throw new SessileError("forbidden", "You may not admin this session.");
    }
    if (!isOwned) return;
    // Its tables are gone; the record may still know whose it is.
    const known = this.#deletion ?? (await record?.getSession(kind, name()));
    if (actor === null || (known && known.ownerId !== actor.id)) throw noSuchSession();
  }

  /** @returns when it was deleted, 0 if it was not */
  async #erase(): Promise<number> {
    if (!this.#deletion) return 0;
    const deletion = await this.#eraser.run(this.#deletion);
    // The address may have been freed meanwhile.
    if (this.#deletion) this.#deletion = deletion;
    return deletion.deletedAt;
  }

  /** The address is as one that nobody has used. */
  async #free(): Promise<void> {
    this.#eraser.free();
    this.#deletion = null;
    await this.#session.context.blockConcurrencyWhile(() => this.#session.open());
  }

  async #stage(): Promise<void> {
    await this.#session.context.blockConcurrencyWhile(() => this.#session.open());
    this.#isStaging = true;
  }

  #unstage(): void {
    this.#isStaging = false;
    this.#session.close(deletedError());
  }

  /** The address stays deleted, and in the record too; where that does not answer now, a repeat of the deletion tells it. */
  async #takeBack(former: Deletion): Promise<void> {
    this.#deletion = former;
    this.#eraser.putBack(former);
    this.#unstage();
    await this.#erase().catch(() => undefined);
  }
}
