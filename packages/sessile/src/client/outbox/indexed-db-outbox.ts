import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { SessileError } from "../../protocol/index.ts";
import { holdLock } from "../tabs/web-lock.ts";
import { type DurableStore, durable } from "./durable-outbox.ts";
import {
  defaultMaxStoredChars,
  type OutboxAddress,
  type OutboxJournal,
  type StoredCommand,
} from "./outbox-store.ts";

export interface IndexedDbOutboxOptions {
  /** Name of the database. Default `sessile-outbox`. */
  readonly database?: string;
  /** Characters that the commands of one client may take up. Default 16 Mi. */
  readonly maxChars?: number;
}

interface Row extends StoredCommand {
  readonly session: string;
  /** Whose part it is in. */
  readonly lane: string;
  readonly position: number;
}

interface Schema extends DBSchema {
  commands: { key: string; value: Row; indexes: { lane: [string, string, number] } };
  actors: { key: string; value: { readonly server: string; readonly actor: string | null } };
}

/** Gives the connection; one that the browser has ended, as when the site's data is cleared, is opened again. */
type Database = () => Promise<IDBPDatabase<Schema>>;

/** Commands that outlive the page, in IndexedDB. Which pages still live is known by Web Locks, so it needs `https:` or localhost. */
export function indexedDbOutbox(options: IndexedDbOutboxOptions = {}): DurableStore {
  const { database: name = "sessile-outbox", maxChars = defaultMaxStoredChars } = options;
  let opened: Promise<IDBPDatabase<Schema>> | null = null;
  const forget = () => {
    opened = null;
  };
  const database: Database = () => {
    opened ??= openOutbox(name, forget);
    opened.catch(forget);
    return opened;
  };
  return durable({
    maxChars,
    open: async (address) => {
      if (!globalThis.navigator?.locks)
        throw new SessileError(
          "unavailable",
          "Commands are stored only where Web Locks are: on pages from https: or localhost.",
        );
      const lane = crypto.randomUUID();
      await database();
      const release = await holdLock(lockOf(name, lane));
      return new Journal(database, name, address, lane, release);
    },
  });
}

function openOutbox(name: string, forget: () => void): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(name, 1, {
    upgrade: (database) => {
      database
        .createObjectStore("commands", { keyPath: "id" })
        .createIndex("lane", ["session", "lane", "position"]);
      database.createObjectStore("actors", { keyPath: "server" });
    },
    // A page of a newer version, or whoever deletes the database, is not to wait for this one.
    blocking: (_current, _next, event) => {
      (event.target as IDBDatabase).close();
      forget();
    },
    terminated: forget,
  });
}

const lockOf = (database: string, lane: string): string => `sessile-outbox:${database}:${lane}`;

class Journal implements OutboxJournal {
  readonly #database: Database;
  readonly #name: string;
  readonly #address: OutboxAddress;
  readonly #lane: string;
  readonly #release: () => void;
  readonly #positions = new Map<string, number>();
  #next = 0;

  constructor(database: Database, name: string, address: OutboxAddress, lane: string, release: () => void) {
    this.#database = database;
    this.#name = name;
    this.#address = address;
    this.#lane = lane;
    this.#release = release;
  }

  async claim(): Promise<readonly StoredCommand[]> {
    const claimed: StoredCommand[] = [];
    for (const lane of await this.#otherLanes()) {
      const lock = lockOf(this.#name, lane);
      await navigator.locks.request(lock, { ifAvailable: true }, async (granted) => {
        if (granted) claimed.push(...(await this.#take(lane)));
      });
    }
    return claimed;
  }

  async put(commands: readonly StoredCommand[]): Promise<void> {
    await this.#write(commands, "strict");
  }

  async remove(ids: readonly string[]): Promise<void> {
    const transaction = (await this.#database()).transaction("commands", "readwrite");
    // One that comes back after a crash is sent once more, and recognised.
    await Promise.all([...ids.map((id) => transaction.store.delete(id)), transaction.done]);
    for (const id of ids) this.#positions.delete(id);
  }

  async actor(): Promise<string | null | undefined> {
    return (await (await this.#database()).get("actors", this.#address.server))?.actor;
  }

  async setActor(actor: string | null): Promise<void> {
    await (await this.#database()).put("actors", { server: this.#address.server, actor });
  }

  async close(): Promise<void> {
    this.#release();
  }

  async #otherLanes(): Promise<readonly string[]> {
    const lanes = new Set<string>();
    const index = (await this.#database()).transaction("commands").store.index("lane");
    const all = rangeOf(this.#address.session);
    for (let cursor = await index.openKeyCursor(all); cursor; ) {
      const [session, lane] = cursor.key;
      lanes.add(lane);
      // On to the next lane: what each holds is of no interest here.
      cursor = await cursor.continue([session, lane, []] as unknown as typeof cursor.key);
    }
    lanes.delete(this.#lane);
    return [...lanes];
  }

  async #take(lane: string): Promise<readonly StoredCommand[]> {
    const database = await this.#database();
    const rows = await database.getAllFromIndex("commands", "lane", rangeOf(this.#address.session, lane));
    const commands = rows.map(({ session: _, lane: __, position: ___, ...command }) => command);
    await this.#write(commands, "relaxed");
    return commands;
  }

  async #write(commands: readonly StoredCommand[], durability: IDBTransactionDurability): Promise<void> {
    const { session } = this.#address;
    const transaction = (await this.#database()).transaction("commands", "readwrite", { durability });
    const rows = commands.map((command) => {
      const position = this.#positions.get(command.id) ?? this.#next++;
      this.#positions.set(command.id, position);
      return { ...command, session, lane: this.#lane, position };
    });
    await Promise.all([...rows.map((row) => transaction.store.put(row)), transaction.done]);
  }
}

/** Rows of a session, or of one lane of it. Arrays sort after everything else in a key. */
function rangeOf(...prefix: readonly string[]): IDBKeyRange {
  return IDBKeyRange.bound(prefix, [...prefix, []]);
}
