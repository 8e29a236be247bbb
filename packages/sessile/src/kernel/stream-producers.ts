import { SessileError } from "../protocol/error.ts";
import type { StreamInfo, StreamProducer } from "../protocol/stream.ts";

/**
 * Whether a producer's request is its next one or was applied before. Requests of an epoch are numbered from 0 without a gap; a
 * higher epoch takes over from a lower one.
 *
 * @throws SessileError `fenced` for an older epoch (`currentVersion`: the epoch there is), `conflict` for a gap (`currentVersion`:
 *   the seq expected), `bad_request` if a new epoch does not begin at 0
 */
export function judgeProducer(
  { producers }: StreamInfo,
  { id, epoch, seq }: StreamProducer,
  maxProducers: number,
): "next" | "repeat" {
  const known = Object.hasOwn(producers, id) ? producers[id] : undefined;
  if (!known && Object.keys(producers).length >= maxProducers)
    throw new SessileError("limit_exceeded", `A stream has at most ${maxProducers} producers.`, {
      field: "producer.id",
      limit: "maxStreamProducers",
    });
  if (known && epoch < known.epoch)
    throw new SessileError("fenced", "A newer epoch of this producer has taken over.", {
      field: "producer.epoch",
      currentVersion: known.epoch,
    });
  if (known && epoch === known.epoch) {
    if (seq <= known.seq) return "repeat";
    if (seq === known.seq + 1) return "next";
    throw gap(known.seq + 1);
  }
  if (seq === 0) return "next";
  if (!known) throw gap(0);
  throw new SessileError("bad_request", "The first request of a new epoch has seq 0.", {
    field: "producer.seq",
  });
}

function gap(expected: number): SessileError {
  return new SessileError("conflict", `A request of this producer is missing: seq ${expected} is expected.`, {
    field: "producer.seq",
    currentVersion: expected,
  });
}
