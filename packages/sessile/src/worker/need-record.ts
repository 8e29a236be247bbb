import { SessileError } from "../protocol/error.ts";
import type { SessionRecord } from "../record/index.ts";

/** @throws SessileError `not_configured` where there is none */
export function needRecord(record: SessionRecord | null | undefined): SessionRecord {
  if (record) return record;
  throw new SessileError(
    "not_configured",
    "This deployment keeps no directory of sessions: bind a D1 database as SESSILE_RECORD, and give createSessile its record.",
  );
}
