import { useEffect, useRef } from "react";
import type { Json, SessionEvent } from "../protocol/index.ts";
import { clockText, shortText } from "./value-text.ts";

interface TimelineProps {
  /** Newest first. */
  readonly events: readonly SessionEvent[];
  readonly selected: number | null;
  /** The newest one is shown, whatever comes. */
  readonly isFollowing: boolean;
  readonly onSelect: (seq: number) => void;
  /** Where keys are heard. */
  readonly list: React.RefObject<HTMLDivElement | null>;
}

export const optionId = (seq: number) => `event-${seq}`;

/** The log, newest first. Keys are the page's own. */
export function Timeline({ events, selected, isFollowing, onSelect, list }: TimelineProps) {
  const shown = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (selected !== null && !isFollowing) shown.current?.scrollIntoView({ block: "nearest" });
  }, [selected, isFollowing]);
  return (
    <div
      ref={list}
      className="timeline"
      role="listbox"
      aria-label="Events, newest first"
      tabIndex={0}
      {...(selected === null ? {} : { "aria-activedescendant": optionId(selected) })}
    >
      {events.map((event) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the list has the focus and hears the keys
        <div
          key={event.seq}
          id={optionId(event.seq)}
          ref={event.seq === selected ? shown : null}
          role="option"
          aria-selected={event.seq === selected}
          onClick={() => onSelect(event.seq)}
        >
          <span className="seq">{event.seq}</span>
          <span className="time">{clockText(event.createdAt)}</span>
          <span className="type">{event.type}</span>
          <span className="who">{event.actor ? (event.actor.name ?? event.actor.id) : ""}</span>
          <span className="gist">{gistOf(event)}</span>
        </div>
      ))}
    </div>
  );
}

/** Of a change of the state, what changed. */
function gistOf({ type, payload }: SessionEvent): string {
  const { patch } = (payload ?? {}) as { readonly patch?: readonly (readonly Json[])[] };
  if (type === "state.changed" && patch)
    return patch.map((op) => (op[1] as readonly (string | number)[]).join(".")).join(", ");
  return payload === null ? "" : shortText(payload);
}
