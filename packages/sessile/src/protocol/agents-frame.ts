import type { ErrorCode } from "./error.ts";
import { SessileError } from "./error.ts";
import type { Peer } from "./frame.ts";
import { type Json, parseJson } from "./json.ts";
import type { Limits } from "./limits.ts";

/**
 * What stock Agents SDK clients and a session say to each other: JSON text frames. Their form is that of the clients of
 * `agents` 0.21.0 and 0.32.0 (npm, read 2026-11), which ignore fields they do not know.
 */
export type AgentsServerFrame =
  | {
      readonly type: "cf_agent_identity";
      readonly name: string;
      readonly agent: string;
      /** Clients from 0.32 on are ready once the state is there too. */
      readonly stateFollows: true;
    }
  | { readonly type: "cf_agent_state"; readonly state: Json }
  | {
      readonly type: "cf_agent_state_error";
      readonly error: string;
      readonly code: ErrorCode;
      readonly detail: string;
    }
  | {
      readonly type: "rpc";
      readonly id: string;
      readonly success: true;
      readonly result?: Json;
      readonly done: boolean;
    }
  | {
      readonly type: "rpc";
      readonly id: string;
      readonly success: false;
      readonly error: string;
      readonly code: ErrorCode;
    }
  /** Wrapped, so that no peer's signal can be taken for a frame of the session. */
  | { readonly type: "sessile_signal"; readonly from: Peer; readonly signal: Json };

export type AgentsClientFrame =
  | { readonly is: "state"; readonly state: Json }
  | { readonly is: "call"; readonly id: string; readonly method: string; readonly args: readonly Json[] }
  /** A message of the application's own. */
  | { readonly is: "message"; readonly message: Json }
  /** Belongs to a part of the Agents SDK that is not served here. */
  | { readonly is: "foreign" };

/** Carries the name an Agents SDK client knows the kind by, from the worker to the object. */
export const agentHeader = "x-sessile-agent";

const maxCallIdChars = 128;

/**
 * Whatever is no state and no call is a message, text that is no JSON included.
 *
 * @throws SessileError `bad_request`, `limit_exceeded`
 */
export function readAgentsFrame(text: string, limits: Limits): AgentsClientFrame {
  const value = parsed(text, limits);
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return { is: "message", message: value };
  const { type, id, method, args, state } = value as { readonly [key: string]: Json | undefined };
  if (type === "cf_agent_state" && state !== undefined) return { is: "state", state };
  if (type === "rpc" && typeof id === "string" && typeof method === "string" && Array.isArray(args)) {
    if (id.length <= maxCallIdChars) return { is: "call", id, method, args };
    throw new SessileError("bad_request", `The id of a call is at most ${maxCallIdChars} characters.`, {
      field: "id",
    });
  }
  if (typeof type === "string" && type.startsWith("cf_")) return { is: "foreign" };
  return { is: "message", message: value };
}

function parsed(text: string, { maxFrameChars, maxDepth }: Limits): Json {
  try {
    return parseJson(text, { maxChars: maxFrameChars, maxDepth }, "frame");
  } catch (thrown) {
    if (text.length > maxFrameChars || isJson(text)) throw thrown;
    return text;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The name by which Agents SDK clients address a class or binding: `ChatAgent` and `CHAT_AGENT` are both `chat-agent`.
 */
export function agentNameOf(name: string): string {
  if (name === name.toUpperCase()) return name.toLowerCase().replaceAll("_", "-");
  return name
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    .replace(/^-/, "")
    .replaceAll("_", "-")
    .replace(/-$/, "");
}
