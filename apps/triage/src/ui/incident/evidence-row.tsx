import { memo } from "react";
import type { AlertRow } from "../../contract/api.ts";
import { cx } from "../lib/class-names.ts";
import { formatUtc } from "../lib/format-time.ts";
import { Foreign } from "../parts/foreign.tsx";
import { SeverityMark } from "../parts/severity.tsx";
import { useOpenRecord } from "./record-context.ts";

export const evidenceColumns =
  "grid grid-cols-[1rem_9.5rem_7.5rem_minmax(0,2fr)_minmax(0,1.7fr)_minmax(0,0.9fr)] items-center gap-x-3 px-4";

interface EvidenceRowProps {
  readonly row: AlertRow;
  readonly isWide: boolean;
}

/** A button as wide as the row: it opens the record as it came in. */
export const EvidenceRow = memo(function EvidenceRow({ row, isWide }: EvidenceRowProps) {
  const openRecord = useOpenRecord();
  const { at, event, severity, src, dest, host, user } = row;
  const signature = row.signature ?? "";
  const path = [src, dest].filter((end) => end !== null).join(" → ");
  const open = () => openRecord({ hash: row.hash });
  const time = <time className="tnum whitespace-nowrap text-ink-2">{formatUtc(at)}</time>;
  if (!isWide) {
    return (
      <button
        type="button"
        onClick={open}
        className="flex h-full w-full gap-2.5 border-line border-b px-3 py-2 text-left text-xs -outline-offset-2"
      >
        <SeverityMark severity={severity} />
        <span className="flex min-w-0 flex-1 flex-col gap-0.5">
          <span className="truncate font-medium text-sm">
            <Foreign text={signature || event} max={200} />
          </span>
          <span className="truncate text-ink-2">
            <Foreign text={path || [host, user].filter(Boolean).join(" · ") || event} max={160} />
          </span>
          {time}
        </span>
      </button>
    );
  }
  return (
    <button
      type="button"
      onClick={open}
      className={cx(
        evidenceColumns,
        "h-8 w-full border-line border-b text-left text-xs -outline-offset-2 hover:bg-hover focus-visible:bg-selected",
      )}
    >
      <SeverityMark severity={severity} />
      {time}
      <Cell text={event} />
      <Cell text={signature} isStrong />
      <Cell text={[path, host].filter(Boolean).join(" · ")} />
      <Cell text={user ?? ""} />
    </button>
  );
});

interface CellProps {
  readonly text: string;
  readonly isStrong?: boolean;
}

function Cell({ text, isStrong = false }: CellProps) {
  return (
    <span className={cx("truncate", isStrong ? "font-medium" : "text-ink-2")} title={text.slice(0, 400)}>
      {text !== "" && <Foreign text={text} max={200} />}
    </span>
  );
}
