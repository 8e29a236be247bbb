import { type Json, type PartReference, SessileError } from "../protocol/index.ts";
import { httpUrlOf, type SessionAddress } from "./client-options.ts";
import { errorOf } from "./transports/http-error.ts";

export interface PartsOptions extends SessionAddress {
  /** Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What can be kept as a part. */
export type PartData = Blob | Uint8Array<ArrayBuffer> | ArrayBuffer | string;

/** JSON in which values that are too large for an event may stand as they are. */
export type WithParts =
  | Json
  | Blob
  | Uint8Array<ArrayBuffer>
  | ArrayBuffer
  | readonly WithParts[]
  | { readonly [key: string]: WithParts };

/** What is sent in its place. A text that is only known at run time may be too long, and is a part then. */
export type Packed<T> = Json extends T
  ? Json
  : T extends Blob | Uint8Array | ArrayBuffer
    ? PartReference
    : T extends string
      ? string extends T
        ? string | PartReference
        : T
      : { -readonly [Key in keyof T]: Packed<T[Key]> };

/** Characters above which `pack` makes a part of a string. */
const inlineChars = 256 * 1024;

/** A session's parts: what is too large for an event is sent before it, and the event refers to it. */
export class SessionParts {
  readonly #url: string;
  readonly #options: PartsOptions;

  constructor(options: PartsOptions) {
    this.#url = httpUrlOf(options);
    this.#options = options;
  }

  /** Sends bytes, or text as UTF-8. @returns what an event says in their place; within the hour, or they are let go */
  async upload(
    data: PartData,
    description: { readonly mediaType?: string; readonly name?: string } = {},
  ): Promise<PartReference> {
    const { mediaType = mediaTypeOf(data), name = nameOf(data) } = description;
    const response = await this.#fetch("/parts", {
      method: "POST",
      body: data,
      headers: { "content-type": mediaType },
    });
    const reference = (await response.json()) as PartReference;
    return name === undefined ? reference : { ...reference, name };
  }

  /** The part as it was sent, to the byte. */
  async read(reference: PartReference): Promise<Blob> {
    const blob = await (await this.#fetch(pathOf(reference))).blob();
    return blob.type === reference.mediaType ? blob : new Blob([blob], { type: reference.mediaType });
  }

  /** An address for `<img src>` and downloads; whoever may read the session may read it. */
  urlOf(reference: PartReference): string {
    return this.#url + pathOf(reference);
  }

  /** Sends every blob, every array of bytes and every very long text in a payload as a part. @returns the payload to append */
  pack<const T extends WithParts>(value: T): Promise<Packed<T>>;
  async pack(value: WithParts): Promise<unknown> {
    if (typeof value === "string") return value.length > inlineChars ? this.upload(value) : value;
    if (value === null || typeof value !== "object") return value;
    if (value instanceof Blob || value instanceof Uint8Array || value instanceof ArrayBuffer)
      return this.upload(value);
    if (Array.isArray(value)) return Promise.all(value.map((item: WithParts) => this.pack(item)));
    const packed = Object.entries(value).map(async ([key, item]) => [key, await this.pack(item)] as const);
    return Object.fromEntries(await Promise.all(packed));
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const run = this.#options.fetch ?? globalThis.fetch;
    const headers = { ...this.#options.headers, ...(init.headers as Record<string, string> | undefined) };
    const response = await run(this.#url + path, { ...init, headers }).catch((cause: unknown) => {
      throw new SessileError("unavailable", "The server could not be reached.", {}, { cause });
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

function pathOf({ $part }: PartReference): string {
  return `/parts/${$part.replace("sha256:", "")}`;
}

function mediaTypeOf(data: PartData): string {
  if (typeof data === "string") return "text/plain; charset=utf-8";
  return (data instanceof Blob && data.type) || "application/octet-stream";
}

function nameOf(data: PartData): string | undefined {
  return typeof File !== "undefined" && data instanceof File ? data.name : undefined;
}
