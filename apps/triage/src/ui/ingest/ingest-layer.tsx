import { useCallback, useRef } from "react";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { Modal } from "../parts/modal.tsx";
import { IngestJobItem } from "./ingest-job-item.tsx";
import { IngestPill } from "./ingest-pill.tsx";
import { useFileDrop } from "./use-file-drop.ts";
import type { Ingest } from "./use-ingest.ts";

interface IngestLayerProps {
  readonly ingest: Ingest;
  readonly open: boolean;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

/** Taking alerts in, on every page: a drop zone as large as the window, a dialog, and a pill while that is closed. */
export function IngestLayer({ ingest, open, onOpen, onClose }: IngestLayerProps) {
  const { jobs, isBusy, addFiles, loadSample, cancel, clear } = ingest;
  const inputRef = useRef<HTMLInputElement>(null);
  const take = useCallback(
    (files: readonly File[]) => {
      addFiles(files);
      onOpen();
    },
    [addFiles, onOpen],
  );
  const isOver = useFileDrop(take);

  return (
    <>
      {isOver && <DropVeil />}
      {!open && <IngestPill jobs={jobs} onOpen={onOpen} onDismiss={clear} />}
      <Modal
        open={open}
        onClose={onClose}
        title="Add alerts"
        description="Suricata EVE JSON (array or lines), Windows and Sysmon events as JSON lines. Any size."
      >
        <div className="space-y-4 p-4">
          <button
            type="button"
            onClick={() => inputRef.current?.click()}
            className="flex w-full flex-col items-center gap-1.5 rounded-lg border border-line-strong border-dashed bg-canvas px-4 py-6 text-sm hover:border-accent hover:bg-hover"
          >
            <Icon name="upload" className="size-5 text-ink-3" />
            <span>
              <span className="font-medium text-accent">Choose files</span> or drop them anywhere on the page
            </span>
            <span className="text-ink-3 text-xs">
              Sending a file twice is safe: alerts that are known already are counted, not added.
            </span>
          </button>
          <input
            ref={inputRef}
            type="file"
            multiple
            aria-label="Alert files"
            tabIndex={-1}
            accept=".json,.jsonl,.ndjson,.log,.txt,application/json,application/x-ndjson"
            className="sr-only"
            onChange={(event) => {
              const files = [...(event.target.files ?? [])];
              event.target.value = "";
              if (files.length > 0) addFiles(files);
            }}
          />
          {jobs.length > 0 && (
            <ul aria-label="Files" className="space-y-2">
              {jobs.map((job) => (
                <IngestJobItem key={job.id} job={job} onFollow={onClose} />
              ))}
            </ul>
          )}
          <div className="flex flex-wrap justify-end gap-2">
            {jobs.length === 0 && <Button onClick={loadSample}>Load the sample</Button>}
            {isBusy && <Button onClick={cancel}>Stop</Button>}
            {jobs.length > 0 && !isBusy && (
              <>
                <Button onClick={clear}>Clear list</Button>
                <Button look="primary" onClick={onClose}>
                  Done
                </Button>
              </>
            )}
          </div>
        </div>
      </Modal>
    </>
  );
}

function DropVeil() {
  return (
    <div className="pointer-events-none fixed inset-0 z-70 flex items-center justify-center bg-canvas/85 p-4">
      <div className="flex size-full flex-col items-center justify-center gap-2 rounded-xl border-2 border-accent border-dashed">
        <Icon name="upload" className="size-8 text-accent" />
        <p className="font-semibold text-lg">Drop to take the alerts in</p>
        <p className="text-ink-2 text-sm">Several files at once are fine.</p>
      </div>
    </div>
  );
}
