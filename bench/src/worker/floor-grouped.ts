import { DurableObject } from "cloudflare:workers";
import { countRows } from "./count-rows.ts";
import { type AppendCommand, acceptSocket, type ClientFrame, packEvents, readerTag } from "./frames.ts";

/** As many as the product takes, and as often as it writes its view down. */
const maxGroup = 512;
const checkpointCommits = 64;
const pageBytes = 256 * 1024;

interface Waiting {
  readonly socket: WebSocket;
  readonly command: AppendCommand;
}

/**
 * The least a bare object can do and still write the rows and send the bytes the product does: group by
 * `scheduler.wait(0)`, one packed row per group, a view and a producer row every 64 of them, one frame per socket.
 * It recognises no repeats, checks nothing, and folds nothing.
 */
export class FloorGrouped extends DurableObject {
  readonly #rows: () => number;
  #waiting: Waiting[] = [];
  #armed = false;
  #lastSeq: number;
  #commits = 0;

  constructor(context: DurableObjectState, env: unknown) {
    super(context, env as never);
    this.#rows = countRows(context);
    const { sql } = context.storage;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS log (last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, body TEXT NOT NULL)",
    );
    sql.exec(
      "CREATE TABLE IF NOT EXISTS view (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL)",
    );
    sql.exec("CREATE TABLE IF NOT EXISTS producer (id TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID");
    this.#lastSeq = Number(sql.exec("SELECT coalesce(max(last_seq), 0) AS seq FROM log").one().seq);
  }

  override fetch(request: Request): Response {
    return acceptSocket(this.ctx, request);
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const frame = JSON.parse(message as string) as ClientFrame;
    if (frame.t === "do") {
      for (const command of frame.commands) this.#waiting.push({ socket, command });
      this.#arm();
    } else if (frame.t === "pull" || frame.events !== false) this.#sendPage(socket, frame.after ?? 0);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    if (code !== 1005 && code !== 1006) socket.close(code);
  }

  rowsWritten(): number {
    return this.#rows();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    void scheduler.wait(0).then(() => this.#drain());
  }

  #drain(): void {
    this.#armed = false;
    const group = this.#waiting.splice(0, maxGroup);
    const firstSeq = this.#lastSeq + 1;
    this.#lastSeq += group.length;
    const commands = group.map(({ command }) => command);
    const body = packEvents(firstSeq, Date.now(), commands);
    this.ctx.storage.transactionSync(() => this.#store(firstSeq, body, commands));
    this.#answer(group, firstSeq, body);
    if (this.#waiting.length > 0) this.#arm();
  }

  #store(firstSeq: number, body: string, commands: readonly AppendCommand[]): void {
    const { sql } = this.ctx.storage;
    sql.exec("INSERT INTO log VALUES (?, ?, ?)", this.#lastSeq, firstSeq, body);
    this.#commits += 1;
    if (this.#commits % checkpointCommits !== 0) return;
    const view = JSON.stringify({ kind: "bench", state: { topic: "bench" }, lastSeq: this.#lastSeq });
    sql.exec("INSERT OR REPLACE INTO view VALUES (1, ?, ?)", this.#lastSeq, view);
    sql.exec("INSERT OR REPLACE INTO producer VALUES (?, ?)", commands.at(-1)?.id.slice(0, 8) ?? "", 0);
  }

  #answer(group: readonly Waiting[], firstSeq: number, body: string): void {
    const acks = new Map<WebSocket, { readonly id: string; readonly seq: number }[]>();
    for (const [index, { socket, command }] of group.entries()) {
      const own = acks.get(socket);
      const ack = { id: command.id, seq: firstSeq + index };
      if (own) own.push(ack);
      else acks.set(socket, [ack]);
    }
    for (const [socket, own] of acks) socket.send(`{"t":"commit","acks":${JSON.stringify(own)}}`);
    const shared = `{"t":"commit","commit":${body}}`;
    for (const reader of this.ctx.getWebSockets(readerTag)) reader.send(shared);
  }

  #sendPage(socket: WebSocket, after: number): void {
    const bodies: string[] = [];
    let bytes = 0;
    let more = false;
    for (const row of this.ctx.storage.sql.exec<{ body: string }>(
      "SELECT body FROM log WHERE last_seq > ? ORDER BY last_seq",
      after,
    )) {
      more = bytes + row.body.length > pageBytes;
      if (more) break;
      bytes += row.body.length;
      bodies.push(row.body);
    }
    socket.send(`{"t":"events","commits":[${bodies.join(",")}],"more":${more}}`);
  }
}
