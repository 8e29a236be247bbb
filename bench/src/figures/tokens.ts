import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type BenchContext, freshName } from "../bench-context.ts";
import { openStreamPeers, postOk, type StreamPeers } from "../peers/stream-peers.ts";
import type { StreamSubjectName } from "../subjects.ts";
import { tokenLetter } from "../token-letter.ts";
import type { Figure } from "./figure.ts";

const tokenChars = 5;
const everyMs = 20;

interface Answer {
  readonly subject: StreamSubjectName;
  /** Where a viewer reads it, and what says that the viewer is live. */
  readonly url: string;
  readonly upgrade: boolean;
  readonly live: string;
  readonly write: (tokens: number) => Promise<void>;
}

/** Everything that comes over a viewer's connection counts: tokens, envelopes, and the framing of HTTP and WebSockets. */
export const tokenBytesFigure: Figure = {
  name: "tokens/bytes",
  about: `bytes on a viewer's connection for each token of ${tokenChars} letters, of an answer with ${1000 / everyMs} tokens a second`,
  async run(context) {
    const tokens = context.quick ? 50 : 250;
    await using peers = await openStreamPeers(context, this.name, ["ds-file", "agents-streams"]);
    const answers = [...(await ownAnswers(context)), ...peerAnswers(peers)];
    const values = await Promise.all(answers.map((answer) => bytesPerToken(answer, tokens)));
    return answers.map(({ subject, upgrade }, index) => ({
      name: upgrade ? "tokens/bytes/socket" : "tokens/bytes/events",
      subject,
      unit: "B/token",
      value: values[index] ?? Number.NaN,
    }));
  },
};

/** Written by the session itself, as its agent would; read as events and over a WebSocket. */
async function ownAnswers({ server }: BenchContext): Promise<readonly Answer[]> {
  const name = freshName("tokens");
  const session = `${server.url}/v1/sessions/bench/${name}`;
  const writeTo = (streamId: string) => (tokens: number) =>
    postOk(`${session}/call/pace`, [streamId, tokens, everyMs, tokenChars, false]);
  await Promise.all(["events", "socket"].map((streamId) => writeTo(streamId)(1)));
  const read = (streamId: string) => `${session}/streams/${streamId}`;
  return [
    {
      subject: "stream",
      url: `${read("events")}?offset=now&live=sse`,
      upgrade: false,
      live: '"upToDate":true',
      write: writeTo("events"),
    },
    {
      subject: "stream",
      url: `${read("socket")}?offset=1`,
      upgrade: true,
      live: '"t":"stream"',
      write: writeTo("socket"),
    },
  ];
}

function peerAnswers(peers: StreamPeers): readonly Answer[] {
  const [dsFile, agents] = [peers.of("ds-file"), peers.of("agents-streams")];
  return [
    {
      subject: "ds-file",
      url: `${dsFile.url}${dsFile.tail}`,
      upgrade: false,
      live: dsFile.live,
      /** The only way to write to it. */
      write: async (tokens) => {
        for (let n = 0; n < tokens; n++) {
          const body = tokenLetter.repeat(tokenChars);
          await Promise.all([delay(everyMs), fetch(dsFile.url, { method: "POST", headers: text, body })]);
        }
      },
    },
    {
      subject: "agents-streams",
      url: `${agents.url}${agents.tail}`,
      upgrade: false,
      live: agents.live,
      write: (tokens) => postOk(`${agents.url}?pace`, [tokens, everyMs, tokenChars]),
    },
  ];
}

const text = { "content-type": "text/plain" };
const handshake =
  "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

async function bytesPerToken({ url, upgrade, live, write }: Answer, tokens: number): Promise<number> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = upgrade ? handshake : "accept: text/event-stream\r\n";
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n${head}\r\n`);
  let greeting = "";
  let letters = 0;
  let isLive = false;
  const complete = Promise.withResolvers<void>();
  socket.on("error", complete.reject);
  socket.on("close", () => complete.reject(new Error(`${url} ended its viewer.`)));
  socket.on("data", (data: Buffer) => {
    const came = data.toString("latin1");
    if (!isLive) {
      greeting += came;
      if (greeting.includes(live)) socket.emit("live");
      return;
    }
    letters += came.split(tokenLetter).length - 1;
    if (letters >= tokens * tokenChars) complete.resolve();
  });
  await once(socket, "live");
  // What belongs to the greeting may come in pieces.
  await delay(200);
  isLive = true;
  const before = socket.bytesRead;
  await Promise.all([write(tokens), complete.promise]);
  const bytes = socket.bytesRead - before;
  socket.destroy();
  return bytes / tokens;
}
