import type { SocketDoor } from "../../attack/socket-doors.ts";
import type { Hostile } from "../hostile.ts";
import { agentsFrames, audioFrame, chatFrames, clientFrames } from "./frames.ts";

/** What is said at a door. */
export interface Talk {
  readonly path: string;
  readonly protocols: readonly string[];
  readonly frames: readonly unknown[];
  /** What is said first, most of the time. */
  readonly greeting?: readonly string[];
  /** Binary frames that could be meant. */
  readonly binary?: (hostile: Hostile) => Uint8Array;
  /** Says that everything before it has been read: it is answered in the words of `answered`. */
  readonly last: string;
  readonly answered: string;
}

const hello = '{"t":"hello","v":1}';
const session = {
  protocols: ["sessile.v1"],
  frames: clientFrames,
  greeting: [hello],
  last: '{"t":"do","commands":[{"id":"the-last","op":"append","type":"note.added"}]}',
  answered: '"the-last"',
};
const agents = {
  protocols: [],
  frames: agentsFrames,
  last: '{"type":"rpc","id":"the-last","method":"instance","args":[]}',
  answered: '"the-last"',
};
/** Of a stream with five chunks: history comes from 0, and no other frame asks for it from 3. */
const stream = {
  protocols: [],
  frames: [{ t: "hello" }, { t: "pull", offset: 0 }, { t: "pull", offset: 5 }],
  last: '{"t":"pull","offset":3}',
  answered: '"at":3,',
};
/** Listens only; the platform answers what asks whether it still lives. */
const feed = { protocols: [], frames: clientFrames, last: "ping", answered: "pong" };

/** Every door of sockets; a new one without an entry does not compile. */
export const talks: { readonly [door in SocketDoor]: readonly Talk[] } = {
  session: [
    { ...session, path: "/v1/sessions/notes/fuzzed" },
    {
      ...session,
      path: "/v1/sessions/voices/fuzzed",
      frames: [
        { t: "voice", join: true },
        { t: "voice", join: false },
      ],
      greeting: [hello, '{"t":"voice","join":true}'],
      binary: audioFrame,
    },
  ],
  "pretty address": [{ ...session, path: "/notes/fuzzed/a" }],
  "agents' address": [{ ...agents, path: "/agents/notes/fuzzed" }],
  "session's stream": [{ ...stream, path: "/v1/sessions/notes/fuzzed/streams/read" }],
  "standalone stream": [{ ...stream, path: "/v1/stream/read" }],
  chat: [
    {
      path: "/api/chat",
      protocols: [],
      frames: chatFrames,
      last: '{"type":"resume","requestId":"the-last","id":"nobody-spoke-here"}',
      answered: '"the-last"',
    },
  ],
  feed: [{ ...feed, path: "/v1/sessions" }],
};

/** Where `talks` expects a stream. */
export const streamPaths = [talks["session's stream"], talks["standalone stream"]].flatMap((those) =>
  those.map(({ path }) => path),
);
