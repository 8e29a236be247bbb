import type { SessileError } from "../../protocol/error.ts";
import type { Acks } from "../visibility.ts";

type Settle = (failure: SessileError | null) => void;

/** What waits until everything up to `seq` is recorded. */
interface Waiting {
  readonly seq: number;
  readonly acks?: Acks;
  readonly settle?: Settle;
  /** Rather refused than kept waiting through an outage. */
  readonly isImpatient?: boolean;
}

export interface Released {
  /** One text a sender, whatever number of commits its outcomes came from. */
  readonly acks: Acks;
  readonly settles: readonly Settle[];
}

/** Outcomes on hold, in the order of the log. */
export class LedgerQueue {
  #waiting: Waiting[] = [];

  add(waiting: Waiting): void {
    if (waiting.settle || (waiting.acks?.size ?? 0) > 0) this.#waiting.push(waiting);
  }

  takeUpTo(seq: number): Released {
    const end = this.#waiting.findIndex((one) => one.seq > seq);
    const taken = this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
    const acks = new Map<WebSocket, string>();
    const settles: Settle[] = [];
    for (const one of taken) {
      for (const [socket, text] of one.acks ?? []) acks.set(socket, joined(acks.get(socket), text));
      if (one.settle) settles.push(one.settle);
    }
    return { acks, settles };
  }

  takeImpatient(): readonly Settle[] {
    const impatient = this.#waiting.filter((one) => one.isImpatient);
    if (impatient.length > 0) this.#waiting = this.#waiting.filter((one) => !one.isImpatient);
    return impatient.flatMap(({ settle }) => settle ?? []);
  }
}

/** Two JSON arrays, neither empty, as one. */
function joined(first: string | undefined, second: string): string {
  return first === undefined ? second : `${first.slice(0, -1)},${second.slice(1)}`;
}
