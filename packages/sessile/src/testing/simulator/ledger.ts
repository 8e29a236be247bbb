import type { Command } from "../../protocol/command.ts";
import type { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";
import type { SessionObject } from "./session-object.ts";

/** How a command ended, as its sender was told. */
export type Told = Answer & {
  /** The last seq on the session's disk at that moment. */
  readonly at: number;
};

export type Answer =
  | { readonly is: "waiting" }
  | { readonly is: "done"; readonly seq: number | null; readonly result: Json | undefined }
  | { readonly is: "refused"; readonly error: SessileError }
  /** The sender stopped before it learnt. */
  | { readonly is: "unknown" };

/** One command that somebody sent, and what became of it in their eyes. */
export interface Promised {
  readonly sender: string;
  readonly session: string;
  readonly id: string;
  readonly command: Command;
  /** The last seq on the session's disk when it was sent. */
  readonly sentAt: number;
  told: Told;
  /** How often it may have been sent; no sender waits until the copy before is certainly gone. */
  copies: number;
  /** Every answer that came, where a sender may get several. */
  readonly answers: Told[];
}

/** Everything that was asked for in one simulation. */
export class Ledger {
  readonly all: Promised[] = [];
  readonly #waiting = new Set<Promised>();
  readonly #known = new Map<string, number>();

  /** Enters what `object` is asked for, before it can know of it. */
  open(sender: string, object: SessionObject, id: string, command: Command): Promised {
    const sentAt = object.durableSeq;
    const promised: Promised = {
      sender,
      session: object.name,
      id,
      command,
      sentAt,
      copies: 1,
      told: { is: "waiting", at: sentAt },
      answers: [],
    };
    this.all.push(promised);
    this.#waiting.add(promised);
    return promised;
  }

  /** An answer arrived. The first one is what the sender goes by. */
  tell(promised: Promised, object: SessionObject, answer: Answer): void {
    const told = { ...answer, at: object.durableSeq };
    promised.answers.push(told);
    if (this.#waiting.delete(promised)) promised.told = told;
    if (answer.is === "done")
      this.#known.set(object.name, Math.max(this.knownSeq(object.name), answer.seq ?? 0));
  }

  /** The highest seq of a session that anybody was told of. */
  knownSeq(session: string): number {
    return this.#known.get(session) ?? 0;
  }

  get waiting(): readonly Promised[] {
    return [...this.#waiting];
  }
}
