import type { ReactNode } from "react";
import { cx } from "../lib/class-names.ts";

interface PanelProps {
  readonly title: string;
  readonly id: string;
  /** Beside the title: a count or a state. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A titled section; a landmark that its heading names. */
export function Panel({ title, id, note, actions, className, children }: PanelProps) {
  return (
    <section
      aria-labelledby={`${id}-title`}
      className={cx("min-w-0 rounded-lg border border-line bg-surface", className)}
    >
      <header className="flex min-h-10 flex-wrap items-center gap-x-2 gap-y-1 border-line border-b px-4 py-1.5">
        <h2 id={`${id}-title`} className="font-semibold text-sm">
          {title}
        </h2>
        {note !== undefined && <span className="text-ink-3 text-xs">{note}</span>}
        {actions && <div className="ml-auto flex items-center gap-1.5">{actions}</div>}
      </header>
      {children}
    </section>
  );
}
