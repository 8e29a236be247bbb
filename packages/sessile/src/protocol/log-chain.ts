import { canonicalEvent, type RecordedEvent } from "./recorded-event.ts";
import { type Sha256, sha256Hex } from "./sha256.ts";

/** Where a chain stands: the hash of event `seq`, which stands for every event up to it. */
export interface ChainHead {
  readonly seq: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** The head of an empty log: the address, so that one session's chain is never another's. */
export function chainStart(kind: string, name: string, hash: Sha256 = sha256Hex): ChainHead {
  return { seq: 0, hash: hash(`sessile-log-1 ${kind}/${name}`) };
}

/** Each hash covers the event and the hash before it; so one hash stands for the whole log up to its event. */
export function nextHash(before: string, canonical: string, hash: Sha256 = sha256Hex): string {
  return hash(`${before}\n${canonical}`);
}

/** The head after these events, which follow it. */
export function extendChain(
  head: ChainHead,
  events: readonly RecordedEvent[],
  hash: Sha256 = sha256Hex,
): ChainHead {
  let { seq, hash: current } = head;
  for (const event of events) {
    if (event.seq !== seq + 1)
      throw new RangeError(`Event ${event.seq} does not follow the chain's head at ${seq}.`);
    current = nextHash(current, canonicalEvent(event), hash);
    seq = event.seq;
  }
  return { seq, hash: current };
}
