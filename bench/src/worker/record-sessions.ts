import { Session, type SessionRecord } from "sessile";
import { createD1Record } from "sessile/d1";

type Database = Parameters<typeof createD1Record>[0];

interface RecordEnv {
  readonly BENCH_RECORD: Database;
}

abstract class RecordedSession extends Session<RecordEnv, { readonly topic: string }> {
  readonly initialState = { topic: "bench" };

  override recordOf(env: RecordEnv): SessionRecord {
    return createD1Record(env.BENCH_RECORD);
  }
}

export class LedgerSession extends RecordedSession {
  readonly kind = "ledger";
  override readonly durability = "ledger";
}

export class MirrorSession extends RecordedSession {
  readonly kind = "mirror";
}

/** Its D1 fails every query. */
export class MirrorDownSession extends RecordedSession {
  readonly kind = "mirror-down";

  override recordOf(): SessionRecord {
    return createD1Record(deadDatabase);
  }
}

const fail = () => Promise.reject(new Error("D1_ERROR: Network connection lost."));
const deadStatement = { bind: () => deadStatement, all: fail };
const deadDatabase: Database = { prepare: () => deadStatement, batch: fail };
