import type { WireError } from "../../protocol/index.ts";

/** A command as a store keeps it. */
export interface StoredCommand {
  /** Its id on the wire, by which the server knows it again, whoever sends it. */
  readonly id: string;
  /** The command with its id, as it goes over the wire. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  /** Id of the actor who gave it, null for nobody in particular. Absent: the server had not named anybody yet. */
  readonly author?: string | null;
  /** Why the server refused it, if nobody was there to be told. */
  readonly refusal?: WireError;
}

/** Which session's commands are meant. */
export interface OutboxAddress {
  /** HTTP address of the session. */
  readonly session: string;
  /** The server's, with the path it is mounted at: its actors are the same in all its sessions. */
  readonly server: string;
}

/**
 * Where commands lie that outlive their client: `indexedDbOutbox()` in browsers, `sqliteOutbox()` of `sessile/client-node`,
 * `memoryOutbox()` for tests. `outboxContract` of `sessile/testing` says what a store has to do, and `durable(store)` makes it one for clients.
 */
export interface OutboxStore {
  /** Characters that the commands of one client may take up. */
  readonly maxChars: number;
  /** Begins a client's own part. It holds nothing yet. Rejects where nothing can be kept. */
  open(address: OutboxAddress): Promise<OutboxJournal>;
}

/** One client's part of a store, its own until `close`, or until its process is gone. */
export interface OutboxJournal {
  /** Takes over what clients of this session have left that are gone, each client's in the order of its `put`s. */
  claim(): Promise<readonly StoredCommand[]>;
  /** Adds at the end; one that is there already is replaced in its place. All or none; on disk when it resolves. */
  put(commands: readonly StoredCommand[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
  /** Whom the server last named to any client of this store; undefined: nobody yet. */
  actor(): Promise<string | null | undefined>;
  setActor(actor: string | null): Promise<void>;
  /** What is left is there for other clients to claim. */
  close(): Promise<void>;
}

export const defaultMaxStoredChars = 16 * 1024 * 1024;
