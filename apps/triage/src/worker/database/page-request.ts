import { SessileError } from "sessile";

export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | undefined;
}

const defaultLimit = 100;
const maxLimit = 500;

/** @throws SessileError `bad_request` naming `limit` */
export function parsePage(query: Readonly<Record<string, string>>): PageRequest {
  const limit = query.limit === undefined || query.limit === "" ? undefined : Number(query.limit);
  return { limit: parseLimit(limit), cursor: query.cursor === "" ? undefined : query.cursor };
}

export function parseLimit(limit: number | undefined): number {
  if (limit === undefined) return defaultLimit;
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw new SessileError("bad_request", `limit is a whole number from 1 to ${maxLimit}.`, { field: "limit" });
}
