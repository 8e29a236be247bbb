/** What the floors understand of the product's wire: enough to move the same bytes. They check nothing. */
export interface AppendCommand {
  readonly id: string;
  readonly type: string;
  readonly payload: unknown;
}

export type ClientFrame =
  | { readonly t: "hello"; readonly events?: boolean; readonly after?: number }
  | { readonly t: "pull"; readonly after: number }
  | { readonly t: "do"; readonly commands: readonly AppendCommand[] };

export interface FloorAck {
  readonly id: string;
  readonly seq: number;
}

export function packEvents(firstSeq: number, at: number, commands: readonly AppendCommand[]): string {
  const events = commands.map(({ type, id, payload }) => ({ type, clientEventId: id, payload }));
  return JSON.stringify({ firstSeq, at, actors: [], events });
}

export const readerTag = "reader";
const writerTag = "writer";

export function acceptSocket(context: DurableObjectState, request: Request): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  context.acceptWebSocket(server, [new URL(request.url).searchParams.has("read") ? readerTag : writerTag]);
  return new Response(null, { status: 101, webSocket: client });
}
