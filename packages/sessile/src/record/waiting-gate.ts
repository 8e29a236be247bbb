import * as z from "zod/mini";
import type { Gate, SessionAddress, SessionView } from "../protocol/index.ts";
import { rootOf, SessileError, safeParse, storableText } from "../protocol/index.ts";
import { parseToken, tokenOf } from "./cursor.ts";
import { compareText } from "./text.ts";

/** A gate as the inbox shows it. What is long stays in its session; `argumentsHash` stands for all of the arguments. */
export type WaitingGate = Gate & {
  /** Detail, arguments or questions were too long to be copied; the session has them. */
  readonly isShortened?: true;
  /** Of a session that is another's child: the one at the top of their tree. */
  readonly root?: SessionAddress;
};

export interface RecordedGate {
  readonly kind: string;
  readonly name: string;
  /** The session's. */
  readonly title: string;
  readonly gate: WaitingGate;
  /** Begins a page after this one. */
  readonly cursor: string;
}

export interface GateListOptions {
  /** Leaves out what this actor may not read; null is somebody without a name. Absent: nothing is left out. */
  readonly visibleTo?: string | null;
  readonly kind?: string;
  /** Default 20, at most 100. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface GatePage {
  readonly items: readonly RecordedGate[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

/** Where a gate stands in the inbox: what expires first comes first, what waits for ever comes in the order it was opened. */
export type GatePosition = readonly [expiresAt: number, openedAt: number, sessionId: string, gateId: string];

const defaultLimit = 20;
const maxLimit = 100;
const maxDetailChars = 2000;
const maxArgumentsChars = 4000;
/** Of those that expire last a session shows no more than this in inboxes; the session itself shows all. */
const maxGates = 200;

/** The gates of a session that wait, as inboxes show them. */
export function waitingGatesOf({
  gates,
  parent,
}: Pick<SessionView, "gates" | "parent">): readonly WaitingGate[] {
  const root = rootOf(parent);
  return Object.values(gates)
    .sort((left, right) => (left.expiresAt ?? never) - (right.expiresAt ?? never))
    .slice(0, maxGates)
    .map((gate) => ({ ...shortened(gate), ...(root ? { root } : {}) }));
}

function shortened(gate: Gate): WaitingGate {
  const { call, questions, ...rest } = gate;
  const keepsCall = call === undefined || JSON.stringify(call.arguments).length <= maxArgumentsChars;
  const keepsQuestions = questions === undefined || JSON.stringify(questions).length <= maxArgumentsChars;
  if (keepsCall && keepsQuestions && gate.detail.length <= maxDetailChars) return gate;
  return {
    ...rest,
    detail: gate.detail.slice(0, maxDetailChars),
    ...(call ? { call: keepsCall ? call : { ...call, arguments: null } } : {}),
    ...(questions && keepsQuestions ? { questions } : {}),
    isShortened: true,
  };
}

const never = Number.MAX_SAFE_INTEGER;

export function positionOfGate({
  kind,
  name,
  gate,
}: Pick<RecordedGate, "kind" | "name" | "gate">): GatePosition {
  return [gate.expiresAt ?? never, gate.openedAt, `${kind}/${name}`, storableText(gate.gateId)];
}

const positionSchema = z.tuple([z.literal("gates"), z.number(), z.number(), z.string(), z.string()]);

export function gateCursor(position: GatePosition): string {
  return tokenOf(["gates", ...position]);
}

/** @throws SessileError `bad_request` naming `cursor` */
export function parseGateCursor(cursor: string): GatePosition {
  const parsed = safeParse(positionSchema, parseToken(cursor));
  if (!parsed.success)
    throw new SessileError("bad_request", "cursor is malformed. Begin again without one.", {
      field: "cursor",
    });
  const [, ...position] = parsed.data;
  return position;
}

export function gatePageOf(items: readonly RecordedGate[], hasMore: boolean): GatePage {
  const nextCursor = hasMore ? (items.at(-1)?.cursor ?? null) : null;
  return { items, nextCursor, hasMore: nextCursor !== null };
}

export function compareGates(left: GatePosition, right: GatePosition): number {
  return (
    left[0] - right[0] ||
    left[1] - right[1] ||
    compareText(left[2], right[2]) ||
    compareText(left[3], right[3])
  );
}

/** @throws SessileError `bad_request` naming the field */
export function parseGateLimit({ limit = defaultLimit, cursor }: GateListOptions): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit)
    throw new SessileError("bad_request", `limit is a whole number from 1 to ${maxLimit}.`, {
      field: "limit",
    });
  if (cursor !== undefined) parseGateCursor(cursor);
  return limit;
}
