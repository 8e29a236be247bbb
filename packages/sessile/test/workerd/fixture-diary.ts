import { callable, type Json, Session, type SessionRecord } from "sessile";
import { createD1Record } from "sessile/d1";
import { holdingPuts } from "./fixture-bucket.ts";
import { faultyDatabase } from "./fixture-record.ts";

interface Env {
  readonly SESSILE_RECORD: Parameters<typeof createD1Record>[0];
  readonly SESSILE_ARCHIVE?: R2Bucket;
  readonly SESSILE_PARTS?: R2Bucket;
}

/** Names of chronicles that are in ledger mode when they wake. */
export const inLedgerMode = new Set<string>();

/** Keeps few events at hand, compresses the rest in place, and takes R2's part where the binding is there. */
export class Chronicle extends Session<Env, { readonly lines: number }> {
  readonly kind = "chronicle";
  readonly initialState = { lines: 0 };
  constructor(context: DurableObjectState, env: Env) {
    const { SESSILE_ARCHIVE: archive, SESSILE_PARTS: parts } = env;
    super(context, {
      ...env,
      ...(archive ? { SESSILE_ARCHIVE: holdingPuts(archive) } : {}),
      ...(parts ? { SESSILE_PARTS: holdingPuts(parts) } : {}),
    });
  }
  override readonly snapshots = { everyEvents: 20 };
  override readonly retention = { hotEvents: 30 };
  override readonly durability = inLedgerMode.has(this.ctx.id.name ?? "") ? "ledger" : "mirror";
  override recordOf(env: Env): SessionRecord {
    return createD1Record(faultyDatabase(env.SESSILE_RECORD));
  }
  override readonly expiry = (this.ctx.id.name ?? "").startsWith("brief") ? { idleMs: 1500 } : null;
  override mayExpire({ name }: { readonly name: string }): boolean {
    return !name.startsWith("brief-kept");
  }
  readonly open = callable((streamId: string) => {
    this.streams.open(streamId);
  });
  /** Reads a stream until it ends. */
  readonly follow = callable(async (streamId: string) => {
    const chunks: Json[] = [];
    this.append("line.added", "follows");
    for await (const chunk of (await this.streams.createReader(streamId)) ?? []) chunks.push(String(chunk));
    return chunks;
  });
  readonly archived = callable(
    () => this.sql<{ place: string; n: number }>`SELECT count(*) AS n FROM _sessile_archive`[0]?.n ?? 0,
  );
}

/** A kind that seals often, and has a little of everything that an export must carry. */
export class Diary extends Session<unknown, { readonly pages: number; readonly photo?: Json }> {
  readonly kind = "diary";
  readonly initialState = { pages: 0 };
  override readonly snapshots = { everyEvents: 10, everyMs: 1500 };
  override readonly works = { wait: () => new Promise<Json>(() => {}) };

  readonly write = callable((text: string) => {
    this.append("page.written", { text });
    this.setState({ pages: this.state.pages + 1 });
    return { pages: this.state.pages };
  });
  readonly show = callable((photo: Json) => this.setState({ ...this.state, photo }));
  readonly paste = callable((text: string, isRefused: boolean) => {
    const output = this.keepPart(text, { mediaType: "text/plain", name: "output.txt" });
    this.append("output.pasted", { output });
    if (isRefused) throw new Error("changed its mind");
    return output;
  });
  /** Where parts lie, and in how many rows. */
  readonly places = callable(
    () =>
      this
        .sql`SELECT place, (SELECT count(*) FROM _sessile_part_chunk AS c WHERE c.part_id = p.part_id) AS rows FROM _sessile_part AS p ORDER BY part_id` as unknown as Json,
  );
  readonly fill = callable((gateId: string) => {
    this.openGate({ gateId, title: "Keep this page?", expiresAt: Date.now() + 3_600_000 });
    this.setTimer({
      timerId: `t-${gateId}`,
      name: "reminder",
      dueAt: Date.now() + 3_600_000,
      input: { gateId },
    });
    this.startWork("wait", { workId: `w-${gateId}` });
    return null;
  });

  /** The disaster: every table goes, and the instance with what it knows. */
  async forget(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.ctx.abort("forgotten");
  }
}
