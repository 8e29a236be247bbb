import { commitOfShort, isQuotaStatus, type Json, type ServerFrame } from "../protocol/index.ts";

/**
 * Reads a frame of the server, or null for what this version does not know. Only what the client would trip over is
 * checked: a client follows the server it chose, and a newer server may add frames and fields.
 *
 * @param createdAt of the session, which times in short frames count from
 */
export function parseServerFrame(text: string, createdAt: number): ServerFrame | null {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return null;
  }
  if (Array.isArray(value)) return commitOfShort(value, createdAt);
  if (value === null || typeof value !== "object") return null;
  const frame = value as { readonly [key: string]: Json };
  return isWhole(frame) ? (frame as unknown as ServerFrame) : null;
}

function isWhole(frame: { readonly [key: string]: Json }): boolean {
  switch (frame.t) {
    case "welcome":
      return (
        isSeq(frame.lastSeq) &&
        typeof frame.peerId === "string" &&
        (frame.view === undefined || isView(frame.view))
      );
    case "events":
      return Array.isArray(frame.commits) && frame.commits.every(isCommit) && typeof frame.more === "boolean";
    case "commit":
      return (
        (frame.commit === undefined || isCommit(frame.commit)) &&
        (frame.commits === undefined || (Array.isArray(frame.commits) && frame.commits.every(isCommit))) &&
        (frame.acks === undefined || Array.isArray(frame.acks))
      );
    case "behind":
      return isSeq(frame.lastSeq);
    case "presence":
      return Array.isArray(frame.peers);
    case "draft":
      return typeof frame.draft === "object";
    case "quota":
      return isQuotaStatus(frame.quota);
    case "voice":
      return (
        (frame.track === null || isSeq(frame.track)) &&
        Array.isArray(frame.participants) &&
        (frame.notice === undefined || isNotice(frame.notice))
      );
    case "error":
      return frame.error !== null && typeof frame.error === "object";
    case "signal":
      return true;
    default:
      return false;
  }
}

function isNotice(value: Json): boolean {
  const error = (value as { error?: Json } | null)?.error;
  return error !== null && typeof error === "object";
}

function isSeq(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isView(value: Json): boolean {
  return value !== null && typeof value === "object" && isSeq((value as { lastSeq?: Json }).lastSeq);
}

function isCommit(value: Json): boolean {
  if (value === null || typeof value !== "object") return false;
  const { firstSeq, events } = value as { firstSeq?: Json; events?: Json };
  return isSeq(firstSeq) && Array.isArray(events) && events.length > 0;
}
