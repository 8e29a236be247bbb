import { setTimeout as delay } from "node:timers/promises";
import { until } from "../../src/node/server/fixtures/processes.ts";
import { type Kill, KillableServer } from "./killable-server.ts";
import { StreamProducer } from "./stream-producer.ts";
import {
  readWithClient,
  readWithDurableStreams,
  readWithEventSource,
  readWithSocket,
  type StreamReading,
} from "./stream-readers.ts";

export interface StreamCrashReport {
  readonly kills: number;
  readonly streams: number;
  readonly acknowledged: number;
  readonly repeats: number;
  readonly seconds: number;
  /** What is not as promised; empty is success. */
  readonly faults: readonly string[];
}

const streamsPerSession = 20;
const recoveryTimeoutMs = 30_000;

/** Kills a server under the writers and readers of its streams, and compares what each reader got with what was acknowledged. */
export async function runStreamCrash({
  kills,
  streams = 100,
}: {
  readonly kills: number;
  readonly streams?: number;
}): Promise<StreamCrashReport> {
  const startedAt = Date.now();
  const server = await KillableServer.start();
  try {
    const producers = Array.from({ length: streams }, (_, index) => {
      const session = `${server.url}/v1/sessions/ledger/streams-${Math.floor(index / streamsPerSession)}`;
      return new StreamProducer(session, `s${index}`);
    });
    for (const producer of producers) producer.start();
    await allGoOn(producers);
    const readings = producers.flatMap(({ streamUrl }, at) => readersOf(at, streamUrl));
    for (const { done } of readings) done.catch(() => undefined);
    for (let at = 0; at < kills; at++) {
      await delay(100 + Math.random() * 600);
      const what: Kill = at % 2 === 0 ? "group" : "alone";
      await server.kill(what);
      await server.restart();
      await allGoOn(producers);
    }
    await Promise.all(producers.map((producer) => producer.finish()));
    const faults = [
      ...(await faultsOf(producers, readings)),
      ...(await faultsOf(
        producers,
        producers.flatMap(({ streamUrl }, at) => readersOf(at + 1, streamUrl)),
      )),
    ];
    return {
      kills,
      streams,
      acknowledged: producers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0),
      repeats: producers.reduce((sum, { repeats }) => sum + repeats, 0),
      seconds: (Date.now() - startedAt) / 1000,
      faults,
    };
  } finally {
    await server.stop();
  }
}

/** Two of each stream, by different ways in turn. */
function readersOf(at: number, url: string): StreamReading[] {
  if (at % 2 === 0) return [readWithClient(url), readWithEventSource(url)];
  return [readWithSocket(url), readWithDurableStreams(url)];
}

async function allGoOn(producers: readonly StreamProducer[]): Promise<void> {
  const wanted = producers.map(({ acknowledged }) => acknowledged.length + 2);
  await until(
    () => producers.every(({ acknowledged }, at) => acknowledged.length >= (wanted[at] ?? 0)),
    recoveryTimeoutMs,
  );
}

/** Two readings of each stream, in the order of the producers. */
async function faultsOf(
  producers: readonly StreamProducer[],
  readings: readonly StreamReading[],
): Promise<string[]> {
  const faults = readings.map(async ({ how, chunks, done }, index) => {
    const { streamId, acknowledged } = producers[Math.floor(index / 2)] as StreamProducer;
    const ended = await Promise.race([
      done.then(
        (output) => JSON.stringify(output),
        (reason: unknown) => String(reason),
      ),
      delay(recoveryTimeoutMs, "nothing", { ref: false }),
    ]);
    if (ended !== "null" && ended !== JSON.stringify({ chunks: acknowledged.length }))
      return [`${streamId}: the ${how} reader ended with ${ended}`];
    if (chunks.join("") === acknowledged.join("")) return [];
    return [
      `${streamId}: the ${how} reader has ${chunks.length} chunks, not the ${acknowledged.length} acknowledged`,
    ];
  });
  return (await Promise.all(faults)).flat();
}
