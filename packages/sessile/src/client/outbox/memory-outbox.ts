import { type DurableStore, durable } from "./durable-outbox.ts";
import {
  defaultMaxStoredChars,
  type OutboxAddress,
  type OutboxJournal,
  type StoredCommand,
} from "./outbox-store.ts";

interface Part {
  readonly session: string;
  readonly commands: Map<string, StoredCommand>;
  isOwned: boolean;
}

/** Commands that outlive their client, but not the process: for tests, and for pages that close and open clients. */
export function memoryOutbox(options: { readonly maxChars?: number } = {}): DurableStore {
  const parts = new Set<Part>();
  const actors = new Map<string, string | null>();
  return durable({
    maxChars: options.maxChars ?? defaultMaxStoredChars,
    open: async ({ session, server }) => {
      const part: Part = { session, commands: new Map(), isOwned: true };
      parts.add(part);
      return journalOf(part, server, parts, actors);
    },
  });
}

function journalOf(
  part: Part,
  server: OutboxAddress["server"],
  parts: Set<Part>,
  actors: Map<string, string | null>,
): OutboxJournal {
  return {
    claim: async () => {
      const left = [...parts].filter(({ session, isOwned }) => session === part.session && !isOwned);
      const claimed = left.flatMap(({ commands }) => [...commands.values()]);
      for (const one of left) parts.delete(one);
      for (const command of claimed) part.commands.set(command.id, command);
      return claimed;
    },
    put: async (commands) => {
      for (const command of commands) part.commands.set(command.id, command);
    },
    remove: async (ids) => {
      for (const id of ids) part.commands.delete(id);
    },
    actor: async () => actors.get(server),
    setActor: async (actor) => void actors.set(server, actor),
    close: async () => {
      part.isOwned = false;
      if (part.commands.size === 0) parts.delete(part);
    },
  };
}
