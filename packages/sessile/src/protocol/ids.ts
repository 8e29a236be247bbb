import { SessileError } from "./error.ts";

/** Kinds are lower-case words: `incident`, `code-review`. */
const kindPattern = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** Names accept ULIDs, UUIDs, e-mail-like and path-free identifiers; they never need escaping in a URL path. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._~@:+-]{0,127}$/;
const eventTypePattern = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*$/;
const clientEventIdPattern = /^[\x21-\x7e]{1,128}$/;

/** First words of event types that only the kernel writes. Later parts of the protocol have their words reserved already. */
const reservedTypeHeads: ReadonlySet<string> = new Set(
  "session state status gate timer work step stream run draft snapshot summary usage voice".split(" "),
);

/** First path segments no kind may take as its route. */
export const reservedRoutes: ReadonlySet<string> = new Set([
  "v1",
  "agents",
  "mcp",
  "api",
  "execute",
  "stream",
  "result",
  "assets",
]);

/** @throws SessileError `bad_request` */
export function assertSessionAddress(kind: string, name: string): void {
  if (kind.length > 64 || !kindPattern.test(kind)) {
    throw new SessileError(
      "bad_request",
      "A kind is lower-case letters, digits and single hyphens, at most 64.",
      { field: "kind" },
    );
  }
  if (!namePattern.test(name)) {
    throw new SessileError(
      "bad_request",
      "A session name is 1–128 characters of A–Z a–z 0–9 . _ ~ @ : + - and begins with a letter or digit.",
      {
        field: "name",
      },
    );
  }
}

/** Types found good, because every append asks and a kind has few. */
const goodTypes = new Set<string>();
const maxGoodTypes = 256;

/** @throws SessileError `bad_request` if a user event takes a malformed or reserved type */
export function assertUserEventType(type: string): void {
  if (goodTypes.has(type)) return;
  if (type.length > 64 || !eventTypePattern.test(type)) {
    throw new SessileError(
      "bad_request",
      "An event type is lower-case words joined by dots, at most 64 characters, such as note.added.",
      { field: "type" },
    );
  }
  const head = type.split(".", 1)[0] ?? type;
  if (reservedTypeHeads.has(head)) {
    throw new SessileError(
      "bad_request",
      `Event types beginning with "${head}." are written by the session itself.`,
      { field: "type" },
    );
  }
  if (goodTypes.size < maxGoodTypes) goodTypes.add(type);
}

/** @throws SessileError `bad_request` */
export function assertClientEventId(id: string): void {
  if (!clientEventIdPattern.test(id)) {
    throw new SessileError(
      "bad_request",
      "A clientEventId is 1–128 printable ASCII characters without spaces.",
      { field: "clientEventId" },
    );
  }
}

const streamIdPattern = /^[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}$/;

/** @throws SessileError `bad_request` */
export function assertStreamId(streamId: string): void {
  if (!streamIdPattern.test(streamId)) {
    throw new SessileError(
      "bad_request",
      "A stream id is 1–128 characters of A–Z a–z 0–9 . _ ~ : - and begins with a letter or digit.",
      { field: "streamId" },
    );
  }
}

/** A client event id that carries its place in its producer's order: `{producer}.{epoch}.{n}`. */
export interface ProducerPosition {
  readonly producer: string;
  readonly epoch: number;
  readonly n: number;
}

/** What the last id said before its `n`: a sender's ids share it, and as one string it is looked up faster. */
let lastRead = { prefix: "", producer: "", epoch: -1 };

/** Reads a structured id; any other id is *foreign* and gets an index row of its own. */
export function parseProducerPosition(id: string): ProducerPosition | null {
  const last = id.lastIndexOf(".");
  const n = parseCounter(id, last + 1, id.length);
  if (n < 0) return null;
  const { prefix, producer, epoch } = lastRead;
  if (last === prefix.length && last > 0 && id.startsWith(prefix)) return { producer, epoch, n };
  const middle = id.lastIndexOf(".", last - 1);
  if (middle <= 0) return null;
  const ownEpoch = parseCounter(id, middle + 1, last);
  if (ownEpoch < 0) return null;
  lastRead = { prefix: id.slice(0, last), producer: id.slice(0, middle), epoch: ownEpoch };
  return { producer: lastRead.producer, epoch: ownEpoch, n };
}

export function formatProducerPosition(position: ProducerPosition): string {
  return `${position.producer}.${position.epoch}.${position.n}`;
}

/** Digits without a leading zero, at most 15 of them; −1 for anything else. Runs once per event, hence no regular expression. */
function parseCounter(text: string, from: number, to: number): number {
  const digits = to - from;
  if (digits < 1 || digits > 15 || (digits > 1 && text.charCodeAt(from) === 48)) return -1;
  let value = 0;
  for (let index = from; index < to; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
