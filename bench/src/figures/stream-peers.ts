import { freshName, interleave } from "../bench-context.ts";
import { countedPrefix } from "../counted-prefix.ts";
import { appendsPerSecond, deliveryAges, readAll } from "../load/stream-http.ts";
import { median, quantile } from "../measurement.ts";
import { expectOk, openStreamPeers, postOk } from "../peers/stream-peers.ts";
import type { StreamSubjectName } from "../subjects.ts";
import type { Figure } from "./figure.ts";

const appended: readonly StreamSubjectName[] = ["stream", "ds-file", "agents-streams", "row-each"];
const readable: readonly StreamSubjectName[] = ["stream", "ds-file", "agents-streams"];

const appendFigures: readonly Figure[] = [1, 16].map((atOnce) => ({
  name: `stream/append${atOnce}`,
  about: `appends of 100 bytes a second to one stream over HTTP, ${atOnce} at once, each answered when it is durable`,
  async run(context) {
    await using peers = await openStreamPeers(context, this.name, appended);
    const measure = (name: StreamSubjectName) =>
      appendsPerSecond(peers.of(name), atOnce, context.quick ? 300 : 700);
    // Code that is not compiled yet is nobody's figure.
    if (!context.quick) await interleave(peers.names, 1, measure);
    const measured = await interleave(peers.names, context.rounds, measure);
    return [...measured].map(([subject, values]) => ({
      name: this.name,
      subject,
      unit: "appends/s",
      value: median(values),
    }));
  },
}));

const deliveryFigures: readonly Figure[] = [
  { readers: 1, everyMs: 25, chunks: 40, rounds: 3 },
  { readers: 20, everyMs: 50, chunks: 20, rounds: 3 },
  { readers: 1000, everyMs: 250, chunks: 8, rounds: 1 },
].map(({ readers, everyMs, chunks, rounds }) => ({
  name: `stream/deliver/${readers}`,
  about: `from append to reader over server-sent events, an append every ${everyMs} ms or more and ${readers} readers of one stream`,
  async run(context) {
    await using peers = await openStreamPeers(context, this.name, readable);
    const measured = await interleave(peers.names, context.quick ? 1 : rounds, (name) =>
      deliveryAges(peers.of(name), readers, context.quick ? 4 : chunks, everyMs),
    );
    return [...measured].flatMap(([subject, results]) =>
      [50, 99].map((part) => ({
        name: `${this.name}/p${part}`,
        subject,
        unit: "ms",
        value: median(results.map((ages) => quantile(ages, part / 100))),
      })),
    );
  },
}));

const catchupFigure: Figure = {
  name: "stream/catchup",
  about: "MB a second until a new reader has a stream of 10 MB over HTTP",
  async run(context) {
    await using peers = await openStreamPeers(context, this.name, readable);
    const chunk = "x".repeat(50_000);
    const headers = { "content-type": "text/plain" };
    for (const name of peers.names) {
      const { url } = peers.of(name);
      for (let n = 0; n < 200; n++)
        await expectOk(url, await fetch(url, { method: "POST", headers, body: chunk }));
    }
    const megabytes = (chunk.length * 200) / 1e6;
    const measured = await interleave(peers.names, context.rounds, async (name) => {
      const startedAt = performance.now();
      const bytes = await readAll(peers.of(name));
      const ms = performance.now() - startedAt;
      if (bytes < megabytes * 1e6) throw new Error(`${name} gave ${bytes} bytes of its stream only.`);
      return (megabytes / ms) * 1000;
    });
    return [...measured].map(([subject, values]) => ({
      name: this.name,
      subject,
      unit: "MB/s",
      value: median(values),
    }));
  },
};

const answerFigure: Figure = {
  name: "stream/answer",
  about: "billed rows that an answer of 50 chunks a second costs, written by its own object; 200 chunks",
  async run({ server, quick }) {
    const name = `${countedPrefix}${freshName(this.name)}`;
    const chunks = quick ? 50 : 200;
    const answers = [
      {
        subject: "stream" as const,
        object: `BenchSession/${name}`,
        /** What is made with the first chunk is left out. */
        write: (count: number) =>
          postOk(`${server.url}/v1/sessions/bench/${name}/call/pace`, ["s", count, 20, 20, false]),
      },
      {
        subject: "agents-streams" as const,
        object: `BenchAgentStreams/${name}`,
        write: (count: number) => postOk(`${server.url}/agents-streams/${name}?pace`, [count, 20, 20]),
      },
    ];
    return Promise.all(
      answers.map(async ({ subject, object, write }) => {
        const rows = async () => Number(await (await fetch(`${server.url}/rows/${object}`)).text());
        await write(1);
        const before = await rows();
        await write(chunks);
        return { name: this.name, subject, unit: "rows", value: (await rows()) - before };
      }),
    );
  },
};

export const streamPeerFigures: readonly Figure[] = [
  ...appendFigures,
  ...deliveryFigures,
  catchupFigure,
  answerFigure,
];
