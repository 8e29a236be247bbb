import type { ReactNode } from "react";
import { cx } from "../lib/class-names.ts";
import { Icon, type IconName } from "./icon.tsx";

const looks = {
  info: "border-line bg-sunken text-ink-2",
  warn: "border-transparent bg-medium-soft text-medium",
  error: "border-transparent bg-critical-soft text-critical",
};

interface NoticeProps {
  readonly tone?: keyof typeof looks;
  readonly title?: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  readonly className?: string;
}

export function Notice({ tone = "info", title, children, actions, className }: NoticeProps) {
  const icon: IconName = tone === "info" ? "info" : "alert";
  return (
    <div
      role={tone === "error" ? "alert" : "note"}
      className={cx("flex gap-2.5 rounded-md border px-3 py-2 text-sm", looks[tone], className)}
    >
      <Icon name={icon} className="mt-0.5 size-4" />
      <div className="min-w-0 flex-1">
        {title && <p className="font-medium">{title}</p>}
        {children}
      </div>
      {actions && <div className="flex shrink-0 items-start gap-1.5">{actions}</div>}
    </div>
  );
}
