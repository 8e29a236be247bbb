import { formatCount } from "../lib/format-number.ts";
import { IconButton } from "../parts/button.tsx";
import { type IngestJob, isRunning } from "./ingest-job.ts";

interface IngestPillProps {
  readonly jobs: readonly IngestJob[];
  readonly onOpen: () => void;
  readonly onDismiss: () => void;
}

/** What goes on while the dialog is closed. */
export function IngestPill({ jobs, onOpen, onDismiss }: IngestPillProps) {
  const running = jobs.filter(isRunning).length;
  const failed = jobs.filter(({ state }) => state.is === "failed").length;
  if (running === 0 && failed === 0) return null;
  const records = jobs.reduce((sum, { counts }) => sum + counts.records, 0);
  return (
    <div className="fixed bottom-3 left-3 z-30 flex animate-rise items-center gap-1 rounded-full border border-line-strong bg-raised py-1 pr-1 pl-4 shadow-float">
      <button type="button" onClick={onOpen} className="tnum text-sm hover:underline">
        {running > 0
          ? `Taking alerts in: ${formatCount(records)} records`
          : `${failed === 1 ? "A file" : `${failed} files`} could not be taken in`}
      </button>
      {running === 0 && <IconButton icon="close" label="Dismiss" onClick={onDismiss} />}
    </div>
  );
}
