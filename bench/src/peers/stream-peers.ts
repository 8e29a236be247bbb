import { type BenchContext, freshName } from "../bench-context.ts";
import type { StreamSubjectName } from "../subjects.ts";
import { startDsFile } from "./ds-file.ts";

/** One stream of one subject. */
export interface StreamPeer {
  /** Takes a POST for each append, and answers it when it is durable. */
  readonly url: string;
  /** A live reader from the end on, and what says that it is there. */
  readonly tail: string;
  readonly live: string;
  /** Whether it is read by pages, as Durable Streams are; else by server-sent events from the beginning. */
  readonly paged: boolean;
}

export interface StreamPeers extends AsyncDisposable {
  readonly names: readonly StreamSubjectName[];
  of(name: StreamSubjectName): StreamPeer;
}

/** A new stream of each subject. */
export async function openStreamPeers(
  { server, dir }: BenchContext,
  figure: string,
  names: readonly StreamSubjectName[],
): Promise<StreamPeers> {
  const dsFile = await startDsFile(dir);
  const stream = freshName(figure);
  const durableStream = (base: string): StreamPeer => ({
    url: `${base}/v1/stream/${stream}`,
    tail: "?offset=now&live=sse",
    live: '"upToDate":true',
    paged: true,
  });
  const inObject = (path: string): StreamPeer => ({
    url: `${server.url}${path}/${stream}`,
    tail: "?now",
    live: "event: up-to-date",
    paged: false,
  });
  const peers: { readonly [Name in StreamSubjectName]: StreamPeer } = {
    stream: durableStream(server.url),
    "ds-file": durableStream(dsFile.url),
    "agents-streams": inObject("/agents-streams"),
    "row-each": inObject("/floor/FloorBare"),
  };
  await Promise.all(names.map((name) => create(peers[name])));
  return {
    names,
    of: (name) => peers[name],
    [Symbol.asyncDispose]: () => dsFile[Symbol.asyncDispose](),
  };
}

/** What is made with the first append is no part of any figure. */
async function create({ url, paged }: StreamPeer): Promise<void> {
  const headers = { "content-type": "text/plain" };
  if (paged) await expectOk(url, await fetch(url, { method: "PUT", headers }));
  await expectOk(url, await fetch(url, { method: "POST", headers, body: "first" }));
}

export async function expectOk(url: string, response: Response): Promise<void> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 200)}`);
}

/** @throws what was answered instead of success */
export async function postOk(url: string, args: readonly unknown[]): Promise<void> {
  const headers = { "content-type": "application/json" };
  await expectOk(url, await fetch(url, { method: "POST", headers, body: JSON.stringify(args) }));
}
