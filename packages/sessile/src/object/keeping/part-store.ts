import { type Kernel, partsDueId } from "../../kernel/index.ts";
import { SessileError } from "../../protocol/error.ts";
import { type PartInfo, partChunkBytes } from "../../protocol/part.ts";

/** The part of an R2 bucket that is used. */
export interface PartBucket {
  put(key: string, body: ArrayBuffer): Promise<unknown>;
  head(key: string): Promise<{ readonly size: number } | null>;
  get(
    key: string,
    options: { readonly range: { readonly offset: number; readonly length: number } },
  ): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
}

const againMs = 1000;

/**
 * Parts where they lie. They come in on the session's own disk, so that a bucket that is away refuses nobody; those that
 * events refer to move to the bucket afterwards, bytes first, so that a failure in between leaves an object that the repeat
 * writes again.
 */
export class PartStore {
  readonly #kernel: Kernel;
  readonly #bucket: PartBucket | null;

  constructor(kernel: Kernel, bucket: PartBucket | null) {
    this.#kernel = kernel;
    this.#bucket = bucket;
  }

  /** After a commit: asks for a run if parts may move. */
  referred(now: number): void {
    if (this.#kernel.parts.takeReferred()) this.restart(now);
  }

  /** Another log has taken the place of the one there was. */
  restart(now: number): void {
    if (!this.#bucket) return;
    const { due } = this.#kernel;
    if ((due.dueAt(partsDueId) ?? Number.POSITIVE_INFINITY) > now + againMs)
      due.put(partsDueId, now + againMs);
  }

  /** The due row rang. */
  async run(now: number): Promise<void> {
    const { parts, drafts, due } = this.#kernel;
    for (let part = this.#bucket && parts.nextToMove(); part; part = parts.nextToMove())
      await this.#move(part);
    const next = parts.sweep(drafts.get()?.payload, now);
    if (next === null) due.drop(partsDueId);
    else due.put(partsDueId, next);
  }

  /** One that is lost here may still lie in the bucket, as after a restore. */
  async find(hash: string): Promise<PartInfo | null> {
    const { parts } = this.#kernel;
    const known = parts.known(hash);
    if (known?.place !== "lost" || !this.#bucket) return parts.find(hash);
    const object = await this.#bucket.head(this.#keyOf(hash));
    if (object?.size !== known.bytes) return null;
    parts.moved(hash);
    return parts.find(hash);
  }

  /** Those events up to `lastSeq` refer to and whose bytes can be had. */
  async list(lastSeq: number): Promise<readonly PartInfo[]> {
    const found: PartInfo[] = [];
    for (const { hash } of this.#kernel.parts.listReferred(lastSeq)) {
      const part = await this.find(hash);
      if (part) found.push(part);
    }
    return found;
  }

  /** @throws SessileError `unavailable` if the bucket does not answer */
  async data(part: PartInfo, chunk: number): Promise<ArrayBuffer> {
    const own = this.#kernel.parts.chunk(part.hash, chunk);
    if (own) return own;
    const offset = chunk * partChunkBytes;
    const range = { offset, length: Math.min(partChunkBytes, part.bytes - offset) };
    const object = await this.#bucket?.get(this.#keyOf(part.hash), { range }).catch(() => null);
    if (object) return object.arrayBuffer();
    throw new SessileError("unavailable", "The bucket that holds this part does not answer.", {
      retryAfterMs: 5000,
    });
  }

  async #move(part: PartInfo): Promise<void> {
    const whole = new Uint8Array(part.bytes);
    for (let at = 0; at < part.bytes; at += partChunkBytes) {
      const piece = this.#kernel.parts.chunk(part.hash, at / partChunkBytes);
      if (!piece) throw new Error(`Part ${part.hash} lacks the bytes from ${at}`);
      whole.set(new Uint8Array(piece), at);
    }
    await this.#bucket?.put(this.#keyOf(part.hash), whole.buffer);
    this.#kernel.parts.moved(part.hash);
  }

  #keyOf(hash: string): string {
    const { kind, name } = this.#kernel.committedView;
    return `parts/${kind}/${name}/${hash}`;
  }
}
