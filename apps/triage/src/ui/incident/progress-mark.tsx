import { cx } from "../lib/class-names.ts";
import { Icon } from "../parts/icon.tsx";

/** How something that works on the incident stands, beside words that say the same. */
export function ProgressMark({ status }: { readonly status: "waiting" | "running" | "done" | "failed" }) {
  if (status === "done") return <Icon name="check" className="size-4 text-good" />;
  if (status === "failed") return <Icon name="alert" className="size-4 text-critical" />;
  return (
    <span aria-hidden="true" className="flex size-4 items-center justify-center">
      <span
        className={cx(
          "size-2 rounded-full",
          status === "running" ? "animate-pulse bg-accent" : "border border-line-strong",
        )}
      />
    </span>
  );
}
