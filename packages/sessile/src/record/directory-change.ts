import * as z from "zod/mini";
import { type Json, lifecycles } from "../protocol/index.ts";
import type { DirectoryRow } from "./record.ts";

const whole = z.number().check(z.int(), z.nonnegative());
const json = z.custom<Json>((value) => value !== undefined);

/**
 * What open lists are told when a session's row changes. A later `lastSeq` wins; an equal or earlier one is old news.
 * Unknown fields are dropped, so that an older reader survives a newer writer.
 */
export const directoryChangeSchema = z.object({
  kind: z.string(),
  name: z.string(),
  lifecycle: z.enum(lifecycles),
  status: z.nullable(z.string()),
  title: z.string(),
  lastSeq: whole,
  /** Milliseconds since 1970. */
  updatedAt: whole,
  facts: z.record(z.string(), json),
  /** How many gates wait. */
  waiting: z.optional(whole),
  /** Who may hear of it; absent: everyone. Never sent to lists. */
  readerIds: z.optional(z.array(z.string())),
});

export type DirectoryChange = z.infer<typeof directoryChangeSchema>;

export function directoryChangeOf(row: DirectoryRow): DirectoryChange {
  const { kind, name, lifecycle, status, title, lastSeq, updatedAt, facts } = row;
  const isPrivate = row.visibility === "private";
  return {
    kind,
    name,
    lifecycle,
    status,
    title,
    lastSeq,
    updatedAt,
    facts,
    waiting: row.gates?.length ?? 0,
    ...(isPrivate ? { readerIds: [...(row.readerIds ?? [])] } : {}),
  };
}
