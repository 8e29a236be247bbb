import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type BenchContext, freshName } from "../bench-context.ts";
import { countedPrefix } from "../counted-prefix.ts";
import { callBench, StreamViewer } from "../load/stream-viewer.ts";
import { type Measurement, median, quantile } from "../measurement.ts";
import type { SubjectName } from "../subjects.ts";
import type { Figure } from "./figure.ts";

const subject: SubjectName = "sessile";

export const streamPaceFigure: Figure = {
  name: "stream/1",
  about:
    "one stream with 50 chunks a second: from append to reader, and rows beyond one a flush interval of 100 ms",
  async run(context) {
    const { ages, rows, ms } = await pace(context, context.quick ? 50 : 500, 20);
    return [
      { name: `${this.name}/p99`, subject, unit: "ms", value: quantile(ages, 0.99) },
      { name: `${this.name}/rows`, subject, unit: "rows", value: rows - ms / 100 },
    ];
  },
};

export const streamBurstFigure: Figure = {
  name: "stream/burst",
  about: "rows that 400 chunks within a second cost",
  async run(context) {
    const { rows } = await pace(context, 400, 2);
    return [{ name: this.name, subject, unit: "rows", value: rows }];
  },
};

export const streamFanoutFigure: Figure = {
  name: "stream/fanout/512",
  about:
    "chunks a second delivered to 512 readers of one stream, 200 chunks of 1 KB a second for two seconds, and memory of the server beside",
  async run(context) {
    return fanout(context, this.name, context.quick ? 64 : 512);
  },
};

export const streamCrowdFigure: Figure = {
  name: "stream/fanout/5000",
  about: "the same with 5,000 readers; only when it is asked for by name",
  async run(context) {
    return fanout(context, this.name, 5000);
  },
};

export const streamCatchupFigure: Figure = {
  name: "stream/catchup/socket",
  about: "MB a second until a new reader of a session has its stream of 10 MB over a WebSocket",
  async run({ server, rounds }) {
    const name = freshName("catchup");
    await callBench(server.url, name, "pace", "s", 160, 0, 65_536, true);
    const megabytes = (160 * 65_536) / 1e6;
    const values: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const startedAt = performance.now();
      const reader = new StreamViewer(server.url, name);
      await reader.ended;
      values.push((megabytes / (performance.now() - startedAt)) * 1000);
    }
    return [{ name: this.name, subject, unit: "MB/s", value: median(values) }];
  },
};

/** Chunks at a pace, with one reader. */
async function pace(
  { server }: BenchContext,
  count: number,
  everyMs: number,
): Promise<{ readonly ages: readonly number[]; readonly rows: number; readonly ms: number }> {
  const name = `${countedPrefix}${freshName("pace")}`;
  await callBench(server.url, name, "pace", "s", 1, 0, 13, false);
  const reader = new StreamViewer(server.url, name);
  await once(reader.socket, "open");
  await delay(300);
  const rows = async () => Number(await (await fetch(`${server.url}/rows/BenchSession/${name}`)).text());
  const before = await rows();
  reader.forget();
  const startedAt = performance.now();
  await callBench(server.url, name, "pace", "s", count, everyMs, 13, false);
  const ms = performance.now() - startedAt;
  const written = (await rows()) - before;
  reader.socket.terminate();
  return { ages: reader.ages.toSorted((a, b) => a - b), rows: written, ms };
}

async function fanout(
  { server, quick }: BenchContext,
  name: string,
  readers: number,
): Promise<readonly Measurement[]> {
  const session = freshName("stream-fanout");
  await callBench(server.url, session, "pace", "s", 1, 0, 13, false);
  const all: StreamViewer[] = [];
  for (let at = 0; at < readers; at += 100) {
    const some = Array.from(
      { length: Math.min(100, readers - at) },
      () => new StreamViewer(server.url, session),
    );
    await Promise.all(some.map(({ socket }) => once(socket, "open")));
    all.push(...some);
  }
  const count = quick ? 100 : 400;
  const startedAt = performance.now();
  await callBench(server.url, session, "pace", "s", count, 5, 1024, true);
  await Promise.all(all.map(({ ended }) => ended));
  const ms = Math.max(...all.map(({ lastAt }) => lastAt)) - startedAt;
  const delivered = all.reduce((sum, { chunks }) => sum + chunks, 0) - readers;
  return [{ name, subject, unit: "chunks/s", value: (delivered / ms) * 1000 }];
}
