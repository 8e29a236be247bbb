import type { SessileError } from "../../protocol/index.ts";
import { type Entry, Outbox, type QueuedCommand } from "./outbox.ts";

/** An outbox whose commands are stored too: they leave when they are, and those of other clients can be put in. */
export class StoredQueue extends Outbox {
  /** These may leave now. */
  stored(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.unanswered.get(id);
      if (entry) entry.isStored = true;
    }
  }

  /** Takes in stored commands whose promises nobody holds, in front of those that are not stored yet. */
  restore(commands: readonly QueuedCommand[]): void {
    const nobody = () => {};
    const entries = commands.map(({ id, text }): Entry => {
      return { isRetried: false, id, text, isStored: true, resolve: nobody, reject: nobody, hush: nobody };
    });
    const shown = commands.map((command) => ({ ...command, item: null }));
    const isNew = ({ id }: { readonly id: string }) => this.unanswered.get(id)?.isStored === false;
    this.shown = inserted(this.shown, shown, isNew);
    this.shownList = null;
    this.unanswered = inserted(this.unanswered, entries, isNew);
    this.unsent.push(...entries);
    this.sortUnsent();
  }

  /** Gives commands up: they are not sent, or not again, and their promises end with the error. */
  withdraw(ids: readonly string[], error: SessileError): void {
    for (const id of ids) {
      const entry = this.unanswered.get(id);
      this.unanswered.delete(id);
      this.forget(id);
      entry?.reject(error);
    }
  }
}

/** A map with more values in it, in front of the first that is new. */
function inserted<Value extends { readonly id: string }>(
  map: ReadonlyMap<string, Value>,
  more: readonly Value[],
  isNew: (value: Value) => boolean,
): Map<string, Value> {
  const values = [...map.values()];
  const old = values.filter((value) => !isNew(value));
  const all = [...old, ...more, ...values.filter(isNew)];
  return new Map(all.map((value) => [value.id, value]));
}
