import { SessileError } from "../protocol/error.ts";
import { type RelayAddress, relayName } from "../protocol/relay-address.ts";

/** Relays below each object. */
const branches = 8;
/** Levels of relays: with 4096 readers each, two serve some three hundred thousand. */
const maxDepth = 4;

/** Whether an object refuses a reader for the one reason that a relay helps. */
export function isFull({ details, code }: SessileError): boolean {
  return code === "overloaded" && details.limit === "maxStreamReaders";
}

/**
 * Goes down the tree until an object has room. Branches are taken at random, so nobody keeps count of them.
 *
 * @param open a socket from this object, or its refusal
 * @throws SessileError
 */
export async function openAtRelay(
  relays: DurableObjectNamespace,
  origin: Omit<RelayAddress, "path">,
  open: (relay: { fetch(request: Request): Promise<Response> }) => Promise<Response>,
  random: () => number = Math.random,
): Promise<Response> {
  const namespace = origin.jurisdiction
    ? relays.jurisdiction(origin.jurisdiction as DurableObjectJurisdiction)
    : relays;
  const path: number[] = [];
  for (;;) {
    path.push(Math.floor(random() * branches));
    try {
      return await open(namespace.getByName(relayName({ ...origin, path })));
    } catch (thrown) {
      const isLast = path.length === maxDepth;
      if (isLast || !(thrown instanceof SessileError) || !isFull(thrown)) throw thrown;
    }
  }
}
