import { type BenchContext, freshName } from "../bench-context.ts";
import { countedPrefix } from "../counted-prefix.ts";
import type { Measurement } from "../measurement.ts";
import { postOk } from "../peers/stream-peers.ts";
import type { StreamSubjectName } from "../subjects.ts";
import type { Figure } from "./figure.ts";

/** One session as it is priced: so many messages, each answered with so many tokens, read live over one WebSocket. */
const pricedSession = { turns: 20, tokens: 300, tokensPerSecond: 50 };

/**
 * US dollars beyond what is included, from https://developers.cloudflare.com/durable-objects/platform/pricing/ and
 * https://developers.cloudflare.com/workers/platform/pricing/ (read 2026-11).
 */
export const listPrices = {
  rowWritten: 1e-6,
  objectRequest: 0.15e-6,
  workerRequest: 0.3e-6,
  gbSecond: 12.5e-6,
};
const objectGb = 0.128;
/** Incoming messages of a WebSocket that are billed as one request. */
const messagesPerRequest = 20;

interface Subject {
  readonly name: StreamSubjectName;
  readonly object: string;
  readonly message: () => Promise<unknown>;
  readonly answer: (tokens: number) => Promise<void>;
}

export const costFigure: Figure = {
  name: "cost",
  about: `what a session of ${pricedSession.turns} messages, each answered with ${pricedSession.tokens} tokens at ${pricedSession.tokensPerSecond} a second, is billed for; rows are counted, the rest follows from them and from time`,
  async run(context) {
    const all = await Promise.all(subjectsOf(context).map((subject) => priced(subject, context.quick)));
    return all.flat();
  },
};

function subjectsOf({ server, load }: BenchContext): readonly Subject[] {
  const session = `${countedPrefix}${freshName("cost")}`;
  const everyMs = 1000 / pricedSession.tokensPerSecond;
  let answers = 0;
  return [
    {
      name: "stream",
      object: `${server.url}/rows/BenchSession/${session}`,
      message: () =>
        load.run({
          kind: "fill",
          base: server.url,
          subject: "sessile",
          session,
          events: 1,
          inFlight: 1,
          perFrame: 1,
        }),
      answer: (tokens) => {
        answers += 1;
        const args = [`answer-${answers}`, tokens, everyMs, 5, true];
        return postOk(`${server.url}/v1/sessions/bench/${session}/call/pace`, args);
      },
    },
    {
      name: "agents-streams",
      object: `${server.url}/rows/BenchAgentStreams/${session}`,
      message: () => postOk(`${server.url}/agents-streams/${session}`, []),
      answer: (tokens) => postOk(`${server.url}/agents-streams/${session}?pace`, [tokens, everyMs, 5]),
    },
  ];
}

async function priced(subject: Subject, quick: boolean): Promise<readonly Measurement[]> {
  const { turns, tokens, tokensPerSecond } = pricedSession;
  const counted = quick ? { turns: 1, tokens: 50 } : { turns: 2, tokens };
  const rowsWritten = async () => Number(await (await fetch(subject.object)).text());
  // What is made with the first message is paid once a session.
  await subject.message();
  const made = await rowsWritten();
  for (let turn = 0; turn < counted.turns; turn++) {
    await subject.message();
    await subject.answer(counted.tokens);
  }
  const rowsPerTurn = ((await rowsWritten()) - made) / counted.turns;
  const rows = made + rowsPerTurn * turns;
  const requests = 1 + turns / messagesPerRequest;
  const gbSeconds = turns * (tokens / tokensPerSecond) * objectGb;
  const dollars =
    rows * listPrices.rowWritten +
    requests * listPrices.objectRequest +
    listPrices.workerRequest +
    gbSeconds * listPrices.gbSecond;
  const values = { rows, requests, "GB-s": gbSeconds, "1000": dollars * 1000 };
  return Object.entries(values).map(([part, value]) => ({
    name: `cost/${part}`,
    subject: subject.name,
    unit: part === "1000" ? "USD" : "a session",
    value,
  }));
}
