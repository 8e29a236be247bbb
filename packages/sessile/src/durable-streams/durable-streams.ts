import { SessileError } from "../protocol/error.ts";
import { preflightReply, type Reply, refusalOf, responseOf } from "./answers.ts";
import { defaultReadSettings, headReply, type ReadSettings, readReply } from "./read-routes.ts";
import type { StreamPort } from "./stream-port.ts";
import {
  appendReply,
  createReply,
  deleteReply,
  RefusedProducer,
  type WriteSettings,
} from "./write-routes.ts";

/** What routes are served for; HEAD comes with GET. */
export const servedMethods = ["GET", "PUT", "POST", "DELETE", "OPTIONS"] as const;

export interface DurableStreamsOptions extends Partial<ReadSettings>, WriteSettings {
  /** Sites whose pages may read the answers; a server's own need no mention. */
  readonly allowedOrigins: readonly string[];
  /** An error as the deployment's other routes answer it. */
  readonly problem: (thrown: unknown) => Response;
}

/**
 * One request of the Durable Streams protocol (https://github.com/durable-streams/durable-streams, read 2026-11) to one stream.
 * Knows the protocol and nothing of where the stream lies.
 */
export async function answerStreamRequest(
  stream: StreamPort,
  request: Request,
  options: DurableStreamsOptions,
): Promise<Response> {
  const origin = request.headers.get("origin");
  const allowed = origin !== null && options.allowedOrigins.includes(origin) ? origin : null;
  try {
    return responseOf(await answer(stream, request, options), allowed);
  } catch (thrown) {
    return responseOf(refused(thrown, options.problem), allowed);
  }
}

function answer(stream: StreamPort, request: Request, options: DurableStreamsOptions): Promise<Reply> {
  switch (request.method) {
    case "GET":
      return readReply(stream, request, { ...defaultReadSettings, ...options });
    case "HEAD":
      return headReply(stream);
    case "PUT":
      return createReply(stream, request, options);
    case "POST":
      return appendReply(stream, request, options);
    case "DELETE":
      return deleteReply(stream);
    case "OPTIONS":
      return Promise.resolve(preflightReply());
    default:
      throw new SessileError("method_not_allowed", `A stream takes HEAD, ${servedMethods.join(", ")}.`);
  }
}

function refused(thrown: unknown, problem: (thrown: unknown) => Response): Reply {
  const cause = thrown instanceof RefusedProducer ? thrown.cause : thrown;
  const { status, headers } = refusalOf(cause);
  const answer = problem(cause);
  const isOutOfOrder = thrown instanceof RefusedProducer && headers["producer-expected-seq"] !== undefined;
  return {
    status: status ?? answer.status,
    headers: {
      ...Object.fromEntries(answer.headers),
      ...headers,
      ...(isOutOfOrder ? { "producer-received-seq": String(thrown.seq) } : {}),
    },
    body: answer.body,
  };
}
