import { api } from "../api/api.ts";
import { errorMessage } from "../api/http.ts";
import { useResource } from "../api/use-resource.ts";
import { Button } from "../parts/button.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { Modal } from "../parts/modal.tsx";
import { Notice } from "../parts/notice.tsx";
import { showToast } from "../parts/toast.ts";
import { RawJson } from "./raw-json.tsx";
import type { RecordRef } from "./record-context.ts";

interface RecordSheetProps {
  readonly record: RecordRef | null;
  readonly onClose: () => void;
}

/** The record as it came in, beside the page. */
export function RecordSheet({ record, onClose }: RecordSheetProps) {
  const hash = record?.hash ?? null;
  const { data, error, reload } = useResource(hash, (signal) => api.rawAlert(hash ?? "", signal));
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(JSON.stringify(data?.raw, null, 2));
      showToast("The record is copied.");
    } catch {
      showToast("This browser does not let the page copy. Select the text instead.", "error");
    }
  };
  return (
    <Modal
      open={record !== null}
      onClose={onClose}
      place="side"
      title="Record"
      description={
        <span className="font-mono text-xs" title={hash ?? ""}>
          {hash?.slice(0, 24)}…
        </span>
      }
      actions={
        <Button size="sm" icon="copy" disabled={!data} onClick={() => void copy()} className="mt-0.5">
          Copy
        </Button>
      }
    >
      {record?.field && (
        <p className="border-line border-b bg-sunken px-4 py-2 text-sm">
          <span className="text-ink-3">Cited: </span>
          <span className="font-mono text-xs">
            <Foreign text={record.field} max={120} />
          </span>
          {record.excerpt && (
            <span className="mt-1 block font-mono text-xs">
              <Foreign text={record.excerpt} max={1_000} />
            </span>
          )}
        </p>
      )}
      {error !== null && error !== undefined && (
        <Notice
          tone="error"
          title="The record could not be read"
          className="m-4"
          actions={
            <Button size="sm" onClick={reload}>
              Try again
            </Button>
          }
        >
          {errorMessage(error)}
        </Notice>
      )}
      {record && data && <RawJson value={data.raw} cited={record} />}
      {!data && !error && <div className="shimmer m-4 h-4 w-1/2" aria-hidden="true" />}
    </Modal>
  );
}
