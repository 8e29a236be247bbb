import type { Command } from "../../protocol/command.ts";
import type { SessileError } from "../../protocol/error.ts";
import type { Json } from "../../protocol/json.ts";

/** How a command ended, as its sender was told. */
export type Told =
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
  told: Told;
  /** How often it may have been sent; no sender waits until the copy before is certainly gone. */
  copies: number;
  /** Every answer that came, where a sender may get several. */
  readonly answers: Told[];
}

/** Everything that was asked for in one simulation. */
export class Ledger {
  readonly all: Promised[] = [];

  open(sender: string, session: string, id: string, command: Command): Promised {
    const promised: Promised = {
      sender,
      session,
      id,
      command,
      copies: 1,
      told: { is: "waiting" },
      answers: [],
    };
    this.all.push(promised);
    return promised;
  }

  get waiting(): Promised[] {
    return this.all.filter(({ told }) => told.is === "waiting");
  }
}
