import { DurableObject } from "cloudflare:workers";
import { acceptSocket, type ClientFrame, type FloorAck } from "./frames.ts";

interface Env {
  readonly BENCH_RECORD: D1Database;
}

/**
 * What it costs to answer only what D1 holds when nobody thinks about it: one INSERT in D1 an event, awaited before the
 * answer. Events do not wait for each other, so as many inserts are under way as there are events in flight.
 */
export class FloorD1 extends DurableObject<Env> {
  readonly #table: Promise<unknown>;
  #lastSeq = 0;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#table = context.blockConcurrencyWhile(async () => {
      await env.BENCH_RECORD.prepare(
        "CREATE TABLE IF NOT EXISTS floor_event (session TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (session, seq)) WITHOUT ROWID",
      ).run();
      const row = await env.BENCH_RECORD.prepare(
        "SELECT coalesce(max(seq), 0) AS seq FROM floor_event WHERE session = ?",
      )
        .bind(context.id.name ?? "")
        .first<{ seq: number }>();
      this.#lastSeq = row?.seq ?? 0;
    });
  }

  override async fetch(request: Request): Promise<Response> {
    await this.#table;
    return acceptSocket(this.ctx, request);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const frame = JSON.parse(message as string) as ClientFrame;
    if (frame.t !== "do") return;
    const acks: FloorAck[] = [];
    for (const { id, type, payload } of frame.commands) {
      this.#lastSeq += 1;
      const seq = this.#lastSeq;
      await this.env.BENCH_RECORD.prepare("INSERT INTO floor_event VALUES (?, ?, ?, ?)")
        .bind(this.ctx.id.name ?? "", seq, id, JSON.stringify({ type, payload }))
        .run();
      acks.push({ id, seq });
    }
    socket.send(`{"t":"commit","acks":${JSON.stringify(acks)}}`);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    if (code !== 1005 && code !== 1006) socket.close(code);
  }
}
