import { type RefObject, useState } from "react";
import type { SessionEvent } from "../protocol/index.ts";
import type { StateHistory } from "./state-history.ts";
import { Timeline } from "./timeline.tsx";

/** So many are drawn; older ones on request. */
const pageSize = 300;

interface LogProps {
  /** Of all events, whatever the filter. */
  readonly count: number;
  /** Those that have come since something was selected. */
  readonly waiting: number;
  /** Newest first. */
  readonly matching: readonly SessionEvent[];
  readonly history: StateHistory;
  readonly shown: SessionEvent | null;
  readonly isFollowing: boolean;
  readonly onSelect: (seq: number) => void;
  readonly onFollow: () => void;
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
  readonly refs: {
    readonly list: RefObject<HTMLDivElement | null>;
    readonly filterField: RefObject<HTMLInputElement | null>;
  };
}

export function Log({
  count,
  waiting,
  matching,
  history,
  shown,
  filter,
  onFilter,
  refs,
  ...props
}: LogProps) {
  const [asked, setAsked] = useState(pageSize);
  // Keys may go further than what was drawn.
  const drawn = Math.max(asked, (shown ? matching.indexOf(shown) : 0) + 1);
  return (
    <section aria-label="Log">
      <div className="bar">
        <input
          ref={refs.filterField}
          type="text"
          aria-label="Filter by type"
          placeholder="Filter by type"
          value={filter}
          onChange={({ target }) => onFilter(target.value)}
        />
        <span>{matching.length === count ? count : `${matching.length} of ${count}`} events</span>
        <button type="button" disabled={props.isFollowing} onClick={props.onFollow}>
          Follow{waiting > 0 && ` · ${waiting} new`}
        </button>
      </div>
      <Timeline
        events={matching.slice(0, drawn)}
        history={history}
        selected={shown?.seq ?? null}
        isFollowing={props.isFollowing}
        onSelect={props.onSelect}
        list={refs.list}
      />
      {matching.length > drawn && (
        <button type="button" onClick={() => setAsked(drawn + pageSize)}>
          Show older
        </button>
      )}
      <p className="keys">
        <kbd>j</kbd> <kbd>k</kbd> older, newer · <kbd>Enter</kbd> read · <kbd>Esc</kbd> back · <kbd>/</kbd>{" "}
        filter · <kbd>f</kbd> follow
      </p>
    </section>
  );
}
