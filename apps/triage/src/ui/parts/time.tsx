import { formatAbsolute, formatRelative, isTime } from "../lib/format-time.ts";
import { useNow } from "../lib/use-now.ts";

/** "4 min"; the full time in both zones on hover. */
export function RelativeTime({ at, className }: { readonly at: number; readonly className?: string }) {
  const now = useNow();
  return (
    <time
      dateTime={isTime(at) ? new Date(at).toISOString() : undefined}
      // Written when it is asked for: a list of rows would spend its time on dates that nobody looks at.
      onPointerEnter={(event) => {
        event.currentTarget.title = formatAbsolute(at);
      }}
      className={className}
    >
      {formatRelative(at, now)}
    </time>
  );
}
