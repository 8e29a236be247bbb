export { type ArchivableRange, pageOfRange, type Retention, type Tombstone } from "./archive.ts";
export { Budgets } from "./budgets.ts";
export { childAnswered, expectChild, listChildren, reportedSeq, reportWork } from "./children.ts";
export {
  type ClientWrites,
  defaultClientWrites,
  type KindDefinition,
  type TranscriptEvents,
} from "./definition.ts";
export { Drafts } from "./drafts.ts";
export { DueTable, type DueTimer } from "./due-table.ts";
export { applies } from "./gate-policies.ts";
export type { GateRequest } from "./gate-request.ts";
export { gateDuePrefix, type ListedGate, listGates, policyDuePrefix, readGate } from "./gates.ts";
export { StagedLog } from "./import.ts";
export { inspectDue, inspectTables, inspectWork } from "./inspect.ts";
export { Kernel, type Written } from "./kernel.ts";
export { type LogPage, mayHold, type StoredCommit } from "./log.ts";
export type { Migration } from "./migrations.ts";
export { defaultOperatorLogMs, type LogEntry, type LogLevel, logLevels } from "./operator-log.ts";
export { Parts, partsDueId } from "./parts.ts";
export { readOnly } from "./read-only-sql.ts";
export { maxRecentChars } from "./recent-commits.ts";
export { reportTask } from "./report-task.ts";
export { assertRepeats, runCommand, taskIdOf } from "./run-command.ts";
export { defaultSnapshotPolicy, type SnapshotPolicy, Snapshots, type SnapshotWithView } from "./snapshots.ts";
export { type NotPromise, refuseThenable, type Sql, type SqlRow, type SqlValue } from "./sql.ts";
export { nextShown, segmentsIn, shownPieces } from "./stream-page.ts";
export { StreamExpiry, type StreamRetention, streamsDueId } from "./stream-retention.ts";
export { StreamTable } from "./stream-table.ts";
export { type StreamAppend, Streams } from "./streams.ts";
export {
  defaultSummaryPolicy,
  parseSummaryStyle,
  type StoredSummary,
  Summaries,
  type SummaryPolicy,
} from "./summaries.ts";
export type { Task, Transaction } from "./task.ts";
export type { TimerRequest } from "./timers.ts";
export { checkedUsage, entryOf, Usage, usageColumns, usageValues } from "./usage.ts";
export { rollupOf, rollupQueries } from "./usage-sums.ts";
export { readStep, runningWork, type WorkRecord } from "./work.ts";
export { type Workflow, workflow } from "./workflow.ts";
export { Writer } from "./writer.ts";
