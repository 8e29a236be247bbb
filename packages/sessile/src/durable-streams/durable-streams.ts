import { SessileError } from "../protocol/error.ts";
import { preflightResponse, refusalOf, withBrowserHeaders } from "./answers.ts";
import { defaultReadSettings, headResponse, type ReadSettings, readResponse } from "./read-routes.ts";
import type { StreamPort } from "./stream-port.ts";
import {
  appendResponse,
  createResponse,
  deleteResponse,
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
    return withBrowserHeaders(await answer(stream, request, options), allowed);
  } catch (thrown) {
    return withBrowserHeaders(refused(thrown, options.problem), allowed);
  }
}

function answer(stream: StreamPort, request: Request, options: DurableStreamsOptions): Promise<Response> {
  switch (request.method) {
    case "GET":
      return readResponse(stream, request, { ...defaultReadSettings, ...options });
    case "HEAD":
      return headResponse(stream);
    case "PUT":
      return createResponse(stream, request, options);
    case "POST":
      return appendResponse(stream, request, options);
    case "DELETE":
      return deleteResponse(stream);
    case "OPTIONS":
      return Promise.resolve(preflightResponse());
    default:
      throw new SessileError("method_not_allowed", `A stream takes HEAD, ${servedMethods.join(", ")}.`);
  }
}

function refused(thrown: unknown, problem: (thrown: unknown) => Response): Response {
  const cause = thrown instanceof RefusedProducer ? thrown.cause : thrown;
  const { status, headers } = refusalOf(cause);
  const answer = problem(cause);
  const response =
    status === undefined ? answer : new Response(answer.body, { status, headers: answer.headers });
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  if (thrown instanceof RefusedProducer && headers["producer-expected-seq"] !== undefined)
    response.headers.set("producer-received-seq", String(thrown.seq));
  return response;
}
