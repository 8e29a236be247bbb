import { cx } from "../lib/class-names.ts";
import { plural } from "../lib/format-number.ts";
import { useIncident } from "./session-context.ts";

/** Live, catching up, or away with so many changes waiting. */
export function ConnectionBadge() {
  const { session } = useIncident();
  const { connection, pending, error } = session;
  const waiting = pending.length > 0 ? ` · ${plural(pending.length, "change")} waiting` : "";
  const isLive = connection === "live";
  const words = isLive
    ? "Live"
    : connection === "catchingUp" || connection === "greeting"
      ? "Catching up"
      : connection === "closed"
        ? "Disconnected"
        : connection === "connecting"
          ? `Connecting${waiting}`
          : `Offline${waiting}`;
  return (
    <span
      role="status"
      title={
        isLive
          ? "Every change shows as it happens"
          : (error?.message ?? "What you do is kept and sent once the connection is back")
      }
      className={cx(
        "inline-flex h-6 items-center gap-1.5 whitespace-nowrap rounded-full px-2 text-xs",
        isLive ? "text-ink-2" : "bg-medium-soft text-medium",
      )}
    >
      <span aria-hidden="true" className={cx("size-1.5 rounded-full", isLive ? "bg-good" : "bg-current")} />
      {words}
    </span>
  );
}
