import { cx } from "../lib/class-names.ts";
import { visibleText } from "../lib/visible-text.ts";

interface ForeignProps {
  readonly text: string;
  /** Characters shown; the rest is one hover away. */
  readonly max?: number;
  readonly className?: string;
}

/**
 * Text that somebody else wrote, an attacker perhaps: shown as text only, isolated so that its direction marks cannot
 * reorder what stands around it, and cut where it would flood the page.
 */
export function Foreign({ text, max = 400, className }: ForeignProps) {
  const isCut = text.length > max;
  return (
    <bdi className={cx("foreign", className)} title={isCut ? visibleText(text.slice(0, 4_000)) : undefined}>
      {visibleText(isCut ? `${text.slice(0, max)}…` : text)}
    </bdi>
  );
}
