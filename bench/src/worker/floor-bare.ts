import { DurableObject } from "cloudflare:workers";
import { countRows } from "./count-rows.ts";
import { acceptSocket, type ClientFrame, type FloorAck, readerTag } from "./frames.ts";

/** What a bare object costs when nobody thinks about it: each message is one INSERT in its own turn, and one answer. */
export class FloorBare extends DurableObject {
  readonly #rows: () => number;
  #lastSeq: number;

  constructor(context: DurableObjectState, env: unknown) {
    super(context, env as never);
    this.#rows = countRows(context);
    const { sql } = context.storage;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL)",
    );
    this.#lastSeq = Number(sql.exec("SELECT coalesce(max(seq), 0) AS seq FROM event").one().seq);
  }

  override async fetch(request: Request): Promise<Response> {
    if (request.method !== "POST") return acceptSocket(this.ctx, request);
    const body = await request.text();
    this.#lastSeq += 1;
    this.ctx.storage.sql.exec(
      "INSERT INTO event VALUES (?, ?, ?)",
      this.#lastSeq,
      String(this.#lastSeq),
      body,
    );
    return new Response(null, { status: 204 });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const frame = JSON.parse(message as string) as ClientFrame;
    if (frame.t !== "do") return;
    const acks: FloorAck[] = [];
    for (const { id, type, payload } of frame.commands) {
      this.#lastSeq += 1;
      const body = JSON.stringify({ type, payload });
      this.ctx.storage.sql.exec("INSERT INTO event VALUES (?, ?, ?)", this.#lastSeq, id, body);
      acks.push({ id, seq: this.#lastSeq });
      for (const reader of this.ctx.getWebSockets(readerTag)) reader.send(body);
    }
    socket.send(`{"t":"commit","acks":${JSON.stringify(acks)}}`);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    if (code !== 1005 && code !== 1006) socket.close(code);
  }

  rowsWritten(): number {
    return this.#rows();
  }
}
