import type { PendingCommand } from "sessile/client";

export interface OutgoingNote {
  readonly id: string;
  readonly text: string;
}

export function notesIn(commands: readonly PendingCommand[]): readonly OutgoingNote[] {
  return commands.flatMap(({ id, command }) =>
    command.op === "call" && command.method === "addNote" ? [{ id, text: String(command.args?.[0]) }] : [],
  );
}
