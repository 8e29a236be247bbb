import { feedPath } from "../../contract/api.ts";

/** What the directory says about one session; fields are checked where they are used. */
export interface DirectoryChange {
  readonly kind: string;
  readonly name: string;
  readonly status: string | null;
  readonly title: string;
  readonly lastSeq: number;
  readonly updatedAt: number;
  readonly facts: Readonly<Record<string, unknown>>;
}

export type FeedPhase = "connecting" | "live" | "offline";

const firstRetryMs = 500;
const longestRetryMs = 15_000;

/** The queue's live line: changes of any incident, pushed. Whoever was away reads the list again (`onReturn`). */
export class Feed {
  readonly #onChanges: (changes: readonly DirectoryChange[]) => void;
  readonly #onReturn: () => void;
  readonly #listeners = new Set<() => void>();
  #phase: FeedPhase = "connecting";
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** Whether changes may have been missed, the first connection included: the list is read before it. */
  #wasAway = false;

  constructor(onChanges: (changes: readonly DirectoryChange[]) => void, onReturn: () => void) {
    this.#onChanges = onChanges;
    this.#onReturn = onReturn;
  }

  readonly getPhase = (): FeedPhase => this.#phase;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  start(): void {
    if (this.#socket || this.#timer !== undefined) return;
    const url = new URL(feedPath, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#failures = 0;
      this.#set("live");
      if (this.#wasAway) this.#onReturn();
      this.#wasAway = false;
    };
    socket.onmessage = ({ data }) => {
      const changes = typeof data === "string" ? changesOf(data) : [];
      if (changes.length > 0) this.#onChanges(changes);
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#wasAway = true;
      this.#set("offline");
      const delay = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures++);
      this.#timer = setTimeout(
        () => {
          this.#timer = undefined;
          this.start();
        },
        delay * (0.5 + Math.random() / 2),
      );
    };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    this.#wasAway = true;
    socket?.close();
  }

  #set(phase: FeedPhase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    for (const listener of this.#listeners) listener();
  }
}

function changesOf(text: string): readonly DirectoryChange[] {
  try {
    const frame: unknown = JSON.parse(text);
    if (typeof frame !== "object" || frame === null) return [];
    const { t, changes } = frame as { readonly t?: unknown; readonly changes?: unknown };
    if (t !== "directory" || !Array.isArray(changes)) return [];
    return changes.filter(isChange);
  } catch {
    return [];
  }
}

function isChange(value: unknown): value is DirectoryChange {
  if (typeof value !== "object" || value === null) return false;
  const { kind, name, facts } = value as Partial<Record<keyof DirectoryChange, unknown>>;
  return kind === "incident" && typeof name === "string" && typeof facts === "object" && facts !== null;
}
