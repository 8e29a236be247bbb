import { useSyncExternalStore } from "react";
import { cx } from "../lib/class-names.ts";
import { IconButton } from "./button.tsx";
import { dismissToast, toastStore } from "./toast.ts";

export function Toaster() {
  const toasts = useSyncExternalStore(toastStore.subscribe, toastStore.get);
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed right-3 bottom-3 z-60 flex w-[min(24rem,calc(100vw-1.5rem))] flex-col gap-2"
    >
      {toasts.map(({ id, tone, text }) => (
        <div
          key={id}
          className={cx(
            "pointer-events-auto flex animate-rise items-start gap-2 rounded-lg border bg-raised py-1.5 pr-1.5 pl-3 text-sm shadow-float",
            tone === "error" ? "border-critical text-critical" : "border-line-strong",
          )}
        >
          <p className="min-w-0 flex-1 py-1.5 wrap-anywhere">{text}</p>
          <IconButton icon="close" label="Dismiss" onClick={() => dismissToast(id)} />
        </div>
      ))}
    </div>
  );
}
