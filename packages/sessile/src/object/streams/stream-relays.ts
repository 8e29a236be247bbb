import { type ErrorCode, type ErrorDetails, SessileError } from "../../protocol/error.ts";
import { type RelayAddress, relayName } from "../../protocol/relay-address.ts";

/** Relays below each object. */
const branches = 8;
/** Levels of relays: with 4096 readers each, two serve some three hundred thousand. */
const maxDepth = 4;

/** The relays that may serve readers of one stream. */
export interface RelayTree {
  readonly namespace: DurableObjectNamespace;
  readonly origin: Omit<RelayAddress, "path">;
}

/** What is used of a relay's stub. */
interface RelayStub {
  fetch(request: Request): Promise<Response>;
}

/**
 * A reader's socket of the stream's own object, or of a relay where that has no room.
 *
 * @throws SessileError what was answered instead of a socket
 */
export async function openReader(
  own: () => Promise<Response>,
  relays: RelayTree | null,
  atRelay: (relay: RelayStub) => Promise<Response>,
): Promise<Response> {
  try {
    return await opened(await own());
  } catch (thrown) {
    if (!relays || !isFull(thrown)) throw thrown;
    return openAtRelay(relays, async (relay) => opened(await atRelay(relay)));
  }
}

/** @throws SessileError what was answered instead of a socket */
export async function opened(response: Response): Promise<Response> {
  if (response.status === 101) return response;
  const problem = (await response.json().catch(() => null)) as
    | ({ readonly code: ErrorCode; readonly detail: string } & Pick<ErrorDetails, "limit" | "retryAfterMs">)
    | null;
  if (!problem) throw new SessileError("unavailable", "The stream did not open.", { retryAfterMs: 1000 });
  const { code, detail, limit, retryAfterMs } = problem;
  throw new SessileError(code, detail, {
    ...(limit === undefined ? {} : { limit }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Goes down the tree until an object has room. Branches are taken at random, so nobody keeps count of them. */
async function openAtRelay(
  { namespace, origin }: RelayTree,
  open: (relay: RelayStub) => Promise<Response>,
): Promise<Response> {
  const relays = origin.jurisdiction
    ? namespace.jurisdiction(origin.jurisdiction as DurableObjectJurisdiction)
    : namespace;
  const path: number[] = [];
  for (;;) {
    path.push(Math.floor(Math.random() * branches));
    try {
      return await open(relays.getByName(relayName({ ...origin, path })));
    } catch (thrown) {
      if (path.length === maxDepth || !isFull(thrown)) throw thrown;
    }
  }
}

/** Whether an object refuses a reader for the one reason that a relay helps. */
function isFull(thrown: unknown): boolean {
  return (
    thrown instanceof SessileError &&
    thrown.code === "overloaded" &&
    thrown.details.limit === "maxStreamReaders"
  );
}
