import { type KeyboardEvent, useId, useLayoutEffect, useRef } from "react";
import type { InboxItem } from "sessile/client";
import { Button } from "../parts/button.tsx";
import { Foreign } from "../parts/foreign.tsx";
import { RelativeTime } from "../parts/time.tsx";
import { Link } from "../router/link.tsx";
import { incidentHref, navigate } from "../router/location.ts";
import { type InboxAnswer, useDecision } from "./use-decision.ts";

/** One decision that waits, and where it belongs. */
export function WaitingDecision({ item }: { readonly item: InboxItem }) {
  const { pending, decide } = useDecision(item);
  const id = useId();
  const ref = useRef<HTMLLIElement>(null);
  const { gate, name, title } = item;

  const answer = (given: InboxAnswer) => {
    // The buttons go, and must not take the focus with them.
    ref.current?.focus();
    void decide(given);
  };
  // One that leaves hands the focus on.
  useLayoutEffect(() => {
    const item = ref.current;
    return () => {
      if (!item?.contains(document.activeElement)) return;
      const next = item.nextElementSibling ?? item.previousElementSibling;
      if (next instanceof HTMLElement) next.focus({ preventScroll: true });
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "a") answer("approve");
    else if (event.key === "r") answer("reject");
    else if (event.key === "Enter") navigate(incidentHref(name));
    else return;
    event.preventDefault();
  };

  return (
    <li
      ref={ref}
      data-gate={gate.gateId}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keys a and r decide on the focused one
      tabIndex={0}
      onKeyDown={onKeyDown}
      aria-labelledby={`${id}-title`}
      className="flex flex-wrap items-start gap-x-4 gap-y-2 border-line border-b px-4 py-3 -outline-offset-2 last:border-b-0 focus-within:bg-hover/50 focus:bg-selected"
    >
      <div className="min-w-0 flex-1 basis-72">
        <h2 id={`${id}-title`} className="font-medium text-sm">
          <Foreign text={gate.title} max={240} />
        </h2>
        <p className="mt-0.5 max-w-[76ch] text-ink-2 text-sm">
          <Foreign text={gate.detail} max={600} />
        </p>
        <p className="mt-1 text-ink-3 text-xs">
          <Link href={incidentHref(name)} className="text-ink-2 hover:underline">
            <Foreign text={title} max={160} />
          </Link>{" "}
          · asked <RelativeTime at={gate.openedAt} />
        </p>
      </div>
      <div className="flex shrink-0 items-center gap-1.5">
        {pending === null ? (
          <>
            <Button look="good" size="sm" icon="check" hint="a" onClick={() => answer("approve")}>
              Approve
            </Button>
            <Button look="danger" size="sm" icon="close" hint="r" onClick={() => answer("reject")}>
              Reject
            </Button>
          </>
        ) : (
          <span className="text-ink-2 text-xs">{pending === "approve" ? "Approving…" : "Rejecting…"}</span>
        )}
      </div>
    </li>
  );
}
