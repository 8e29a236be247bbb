import { type Command, SessileError } from "../../protocol/index.ts";
import type { CommandResult, PendingCommand, QueuedCommand } from "./outbox.ts";
import type { StoredCommand } from "./outbox-store.ts";

/** A stored command that is not sent by itself. */
export interface KeptCommand extends PendingCommand {
  /** Id of the actor who gave it; null: nobody in particular. Undefined: the server had not named anybody yet. */
  readonly author: string | null | undefined;
  /** Why it was refused; null: it waits for its author. */
  readonly error: SessileError | null;
}

/** How a command of a client before this one ended. */
export interface SettledCommand extends PendingCommand {
  readonly outcome: CommandResult | SessileError;
}

export function authored(
  { id, text, queuedAt }: QueuedCommand,
  author: string | null | undefined,
): StoredCommand {
  return { id, text, queuedAt, ...(author === undefined ? {} : { author }) };
}

export function pendingOf({ id, text, queuedAt }: QueuedCommand): PendingCommand {
  return { id, command: JSON.parse(text) as Command, queuedAt };
}

export function keptOf(stored: StoredCommand): KeptCommand {
  const { author, refusal } = stored;
  return Object.freeze({
    ...pendingOf(stored),
    author,
    error: refusal === undefined ? null : SessileError.fromWire(refusal),
  });
}

/** What a damaged store hands over may be anything. */
export function isReadable({ id, text, queuedAt }: StoredCommand): boolean {
  try {
    const command = JSON.parse(text) as { readonly id?: unknown; readonly op?: unknown };
    return command.id === id && typeof command.op === "string" && typeof queuedAt === "number";
  } catch {
    return false;
  }
}

const sqliteFull = 13;

/** Why a store failed, as an error of ours. Anything thrown may come from IndexedDB, SQLite or somebody's own store. */
export function storeError(thrown: unknown, message: string): SessileError {
  if (thrown instanceof SessileError) return thrown;
  const { name, errcode } = (thrown ?? {}) as { readonly name?: unknown; readonly errcode?: unknown };
  if (name === "QuotaExceededError" || errcode === sqliteFull)
    return new SessileError("limit_exceeded", `${message} There is no room.`, { limit: "storage" });
  return new SessileError("unavailable", message, {}, { cause: thrown });
}
