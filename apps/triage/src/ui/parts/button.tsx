import type { ComponentPropsWithRef, ReactNode } from "react";
import { cx } from "../lib/class-names.ts";
import { Icon, type IconName } from "./icon.tsx";

const looks = {
  primary: "bg-accent text-accent-ink border-transparent hover:bg-accent-strong font-medium",
  plain: "bg-surface text-ink border-line-strong hover:bg-hover",
  quiet: "bg-transparent text-ink-2 border-transparent hover:bg-hover hover:text-ink",
  danger: "bg-surface text-critical border-line-strong hover:bg-critical-soft",
  good: "bg-surface text-good border-line-strong hover:bg-good-soft",
};
const sizes = { sm: "h-7 px-2 text-xs gap-1.5", md: "h-8 px-3 text-sm gap-2" };

type ButtonProps = ComponentPropsWithRef<"button"> & {
  readonly look?: keyof typeof looks;
  readonly size?: keyof typeof sizes;
  readonly icon?: IconName;
  /** Shown as a key, for what the keyboard does too. */
  readonly hint?: string;
};

export function Button({
  look = "plain",
  size = "md",
  icon,
  hint,
  className,
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={cx(
        "inline-flex shrink-0 items-center justify-center whitespace-nowrap rounded-md border transition-colors",
        "disabled:cursor-not-allowed disabled:opacity-55",
        looks[look],
        sizes[size],
        className,
      )}
    >
      {icon && <Icon name={icon} className={size === "sm" ? "size-3.5" : "size-4"} />}
      {children}
      {hint && <Key>{hint}</Key>}
    </button>
  );
}

type IconButtonProps = Omit<ComponentPropsWithRef<"button">, "children"> & {
  readonly icon: IconName;
  readonly label: string;
};

export function IconButton({ icon, label, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-2 transition-colors",
        "hover:bg-hover hover:text-ink disabled:cursor-not-allowed disabled:opacity-50",
        className,
      )}
    >
      <Icon name={icon} />
    </button>
  );
}

export function Key({ children }: { readonly children: ReactNode }) {
  return (
    <span
      aria-hidden="true"
      className="hidden min-w-4 rounded border border-current/25 px-1 text-center font-sans text-2xs leading-4 opacity-80 md:inline-block"
    >
      {children}
    </span>
  );
}
