import { SessileError } from "../protocol/error.ts";
import { headHeaders, type Reply } from "./answers.ts";
import { forkOf, isClosing, lifetimeOf, producerOf } from "./request-headers.ts";
import type { StreamPort } from "./stream-port.ts";

export interface WriteSettings {
  readonly maxBodyBytes: number;
  /** The name of the stream at a path of this server; null if the path is none of a stream. */
  readonly nameOf: (path: string) => string | null;
}

/** @throws SessileError */
export async function createReply(
  stream: StreamPort,
  request: Request,
  { nameOf, maxBodyBytes }: WriteSettings,
): Promise<Reply> {
  const { headers } = request;
  const contentType = headers.get("content-type")?.trim();
  const [lifetime, fork, closed] = [lifetimeOf(headers), forkOf(headers, nameOf), isClosing(headers)];
  const body = await bodyWithin(request, maxBodyBytes);
  const { created, head } = await stream.create({
    ...(contentType ? { contentType } : {}),
    lifetime,
    fork,
    closed,
    body: body.length > 0 ? body : null,
  });
  return {
    status: created ? 201 : 200,
    headers: {
      "content-type": head.contentType,
      ...headHeaders(head),
      ...(created ? { location: bareAddress(request.url) } : {}),
    },
  };
}

/** @throws SessileError */
export async function appendReply(
  stream: StreamPort,
  request: Request,
  { maxBodyBytes }: WriteSettings,
): Promise<Reply> {
  const { headers } = request;
  const producer = producerOf(headers);
  const order = headers.get("stream-seq");
  const close = isClosing(headers);
  const contentType = headers.get("content-type")?.trim();
  const body = await bodyWithin(request, maxBodyBytes);
  if (body.length === 0 && !close)
    throw new SessileError(
      "bad_request",
      "The body is what to append. To close only, send Stream-Closed: true.",
      {
        field: "body",
      },
    );
  if (body.length > 0 && !contentType)
    throw new SessileError("bad_request", "Content-Type says what the body is, and must be the stream's.", {
      field: "content-type",
    });
  const answer = await stream
    .append({
      data: body.length > 0 && contentType ? { contentType, body } : null,
      close,
      ...(producer ? { producer } : {}),
      ...(order === null ? {} : { order }),
    })
    .catch((thrown: unknown) => {
      throw producer ? new RefusedProducer(thrown, producer.seq) : thrown;
    });
  return {
    status: producer && !answer.repeated && body.length > 0 ? 200 : 204,
    headers: {
      ...headHeaders(answer),
      ...(producer && answer.mark
        ? { "producer-epoch": String(answer.mark.epoch), "producer-seq": String(answer.mark.seq) }
        : {}),
    },
  };
}

/** What a numbered request was refused for, and the number it bore. */
export class RefusedProducer extends Error {
  readonly seq: number;

  constructor(cause: unknown, seq: number) {
    super("The producer's request was refused.", { cause });
    this.seq = seq;
  }
}

export async function deleteReply(stream: StreamPort): Promise<Reply> {
  await stream.delete();
  return { status: 204, headers: {} };
}

/** Reads no further than allowed. */
async function bodyWithin(request: Request, maxBytes: number): Promise<Uint8Array> {
  // A length that is said is kept to by whatever carries the request; in one piece it is read much faster.
  const saidBytes = Number(request.headers.get("content-length") ?? Number.NaN);
  if (saidBytes <= maxBytes) return new Uint8Array(await request.arrayBuffer());
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBytes)
      throw new SessileError(
        "limit_exceeded",
        `An append is at most ${maxBytes} bytes. Send it in several.`,
        {
          field: "body",
          limit: "maxBodyBytes",
        },
      );
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bareAddress(address: string): string {
  const url = new URL(address);
  return `${url.origin}${url.pathname}`;
}
