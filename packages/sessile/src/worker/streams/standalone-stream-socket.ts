import type { StreamFrame } from "../../protocol/stream.ts";
import type { StandaloneStream } from "./standalone-stream.ts";

/**
 * A reader's socket of a standalone stream. The object, or a relay, serves it alone, unless the reader begins with chunks that the stream
 * shares with another: those are sent from here, after that one's first frame and before all others.
 *
 * @throws SessileError `not_found`, `gone`, `bad_request`
 */
export async function standaloneStreamSocket(stream: StandaloneStream, offset: number): Promise<Response> {
  const { start } = await stream.begin(offset);
  const source = await stream.open(Math.max(offset, start));
  if (offset >= start) return new Response(null, { status: 101, webSocket: source });
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  let sending: Promise<void> | null = null;
  const shared = async (first: string): Promise<void> => {
    server.send(first);
    for (let at = offset; at < start; ) {
      const page = await stream.read(at, start);
      server.send(
        JSON.stringify({ t: "chunks", at, to: page.to, chunks: page.chunks } satisfies StreamFrame),
      );
      at = page.to;
    }
  };
  const end = (code: number, reason: string): void => {
    source.close(code === 1005 || code === 1006 ? 1000 : code, reason);
    server.close(code === 1005 || code === 1006 ? 1012 : code, reason);
  };
  const broken = (): void => end(1012, "The stream was interrupted. Read on from where you are.");
  source.addEventListener("message", ({ data }) => {
    const text = String(data);
    sending = (sending === null ? shared(text) : sending.then(() => server.send(text))).catch(broken);
  });
  source.addEventListener("close", ({ code, reason }) => {
    void (sending ?? Promise.resolve()).then(() => end(code, reason));
  });
  server.addEventListener("message", ({ data }) => source.send(data));
  server.addEventListener("close", () => source.close(1000));
  source.accept();
  return new Response(null, { status: 101, webSocket: client });
}
