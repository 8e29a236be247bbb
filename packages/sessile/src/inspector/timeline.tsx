import { memo, type RefObject, useCallback, useEffect, useRef } from "react";
import type { SessionEvent } from "../protocol/index.ts";
import type { StateDifference, StateHistory } from "./state-history.ts";
import { clockText, shortText } from "./value-text.ts";

interface TimelineProps {
  /** Newest first. */
  readonly events: readonly SessionEvent[];
  readonly history: StateHistory;
  readonly selected: number | null;
  /** The newest one is shown, whatever comes. */
  readonly isFollowing: boolean;
  readonly onSelect: (seq: number) => void;
  /** Where keys are heard. */
  readonly list: RefObject<HTMLDivElement | null>;
}

const optionId = (seq: number) => `event-${seq}`;

/** The log, newest first. Keys are the page's own. */
export function Timeline({ events, history, selected, isFollowing, onSelect, list }: TimelineProps) {
  useEffect(() => {
    if (selected !== null && !isFollowing)
      document.getElementById(optionId(selected))?.scrollIntoView({ block: "nearest" });
  }, [selected, isFollowing]);
  // The same function for as long as the list is there, or every row would be drawn anew.
  const latest = useRef(onSelect);
  latest.current = onSelect;
  const select = useCallback((seq: number) => latest.current(seq), []);
  return (
    <div
      ref={list}
      className="timeline"
      role="listbox"
      aria-label="Events, newest first"
      tabIndex={0}
      {...(selected === null ? {} : { "aria-activedescendant": optionId(selected) })}
    >
      {events.map((event) => {
        const differences = history.differencesAt(event.seq);
        const isSelected = event.seq === selected;
        return (
          <Row
            key={event.seq}
            event={event}
            differences={differences}
            isSelected={isSelected}
            onSelect={select}
          />
        );
      })}
    </div>
  );
}

interface RowProps {
  readonly event: SessionEvent;
  readonly differences: readonly StateDifference[] | null;
  readonly isSelected: boolean;
  readonly onSelect: (seq: number) => void;
}

/** Hundreds of them are there while others come. */
const Row = memo(({ event, differences, isSelected, onSelect }: RowProps) => (
  // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the list has the focus and hears the keys
  <div id={optionId(event.seq)} role="option" aria-selected={isSelected} onClick={() => onSelect(event.seq)}>
    <span className="seq">{event.seq}</span>
    <span className="time">{clockText(event.createdAt)}</span>
    <span className="type">{event.type}</span>
    <span className="who">{event.actor ? (event.actor.name ?? event.actor.id) : ""}</span>
    <span className="gist">{differences ? changesText(differences) : gistOf(event)}</span>
  </div>
));

function changesText(differences: readonly StateDifference[]): string {
  return differences
    .slice(0, 3)
    .map(
      ({ path, after }) =>
        `${path || "(whole)"} ${after === undefined ? "gone" : `→ ${shortText(after, 40)}`}`,
    )
    .join(", ");
}

function gistOf({ payload }: SessionEvent): string {
  return payload === null ? "" : shortText(payload);
}
