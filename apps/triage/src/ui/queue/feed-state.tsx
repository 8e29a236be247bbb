import { useSyncExternalStore } from "react";
import { cx } from "../lib/class-names.ts";
import type { Feed, FeedPhase } from "../live/feed.ts";

const words: Readonly<Record<FeedPhase, string>> = {
  connecting: "Connecting",
  live: "Live",
  offline: "Not live",
};

export function FeedState({ feed }: { readonly feed: Feed }) {
  const phase = useSyncExternalStore(feed.subscribe, feed.getPhase);
  return (
    <span role="status" className="inline-flex items-center gap-1.5 text-ink-2 text-xs">
      <span
        aria-hidden="true"
        className={cx("size-1.5 rounded-full", phase === "live" ? "bg-good" : "bg-bar-high")}
      />
      {words[phase]}
    </span>
  );
}
