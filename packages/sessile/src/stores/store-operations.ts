import type {
  AtomicSave,
  SaveResult,
  SessionStateStore,
  SyncSessionStateStore,
} from "../protocol/state-store.ts";
import { atomicSave } from "./atomic-save.ts";
import { checkpointOperations } from "./checkpoint-operations.ts";
import { interruptOperations, subSessionOperations } from "./family-operations.ts";
import type { StoreContext } from "./guarded-write.ts";
import { messageOperations } from "./message-operations.ts";
import { type Operation, statement } from "./operation.ts";
import { runOperations } from "./run-operations.ts";
import { stagingOperations } from "./staging-operations.ts";
import { stateOperations, statusOperations } from "./state-operations.ts";

/** The contract, each method as data. */
export type StoreOperations = {
  readonly [Name in keyof SessionStateStore]: (
    ...args: Parameters<SessionStateStore[Name]>
  ) => Operation<Awaited<ReturnType<SessionStateStore[Name]>>>;
};

const sessionTables = [
  "__agents_messages",
  "__agents_checkpoints",
  "__agents_sub_session_refs",
  "__agents_runs",
  "__agents_staged_messages",
  "__agents_staging",
  "__agents_interrupt_flags",
] as const;

/** @param furtherTables hold rows of sessions too, which go when the session is deleted */
export function storeOperations(
  context: StoreContext,
  furtherTables: readonly string[] = [],
): StoreOperations {
  const deleteSession = (sessionId: string): Operation<boolean> => ({
    statements: [
      statement("DELETE FROM __agents_states WHERE session_id = ? RETURNING session_id", sessionId),
      ...[...sessionTables, ...furtherTables].map((table) =>
        statement(`DELETE FROM ${table} WHERE session_id = ?`, sessionId),
      ),
    ],
    read: ([rows = []]) => rows.length > 0,
  });
  return {
    ...stateOperations(context),
    ...statusOperations(context),
    ...messageOperations(context),
    ...stagingOperations(context),
    ...checkpointOperations,
    ...runOperations(context),
    ...subSessionOperations(context),
    ...interruptOperations(context),
    saveStateAndPromoteStaging: (sessionId: string, save: AtomicSave): Operation<SaveResult> =>
      atomicSave(context, sessionId, save),
    deleteSession,
    deleteState: deleteSession,
  };
}

type AnyOperation = (...args: never[]) => Operation<unknown>;

/** A store out of what carries operations out. */
export function storeOf(
  operations: StoreOperations,
  run: <T>(operation: Operation<T>) => Promise<T>,
): SessionStateStore {
  // In an async function, so that a refusal of the arguments is a rejection like any other.
  return mapMethods(
    operations,
    (make) =>
      async (...args: never[]) =>
        run(make(...args)),
  ) as SessionStateStore;
}

export function syncStoreOf(
  operations: StoreOperations,
  run: <T>(operation: Operation<T>) => T,
): SyncSessionStateStore {
  return mapMethods(
    operations,
    (make) =>
      (...args: never[]) =>
        run(make(...args)),
  ) as SyncSessionStateStore;
}

function mapMethods(operations: StoreOperations, wrap: (make: AnyOperation) => unknown): unknown {
  return Object.fromEntries(
    Object.entries(operations).map(([name, make]) => [name, wrap(make as AnyOperation)]),
  );
}
