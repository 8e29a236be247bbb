import { Icon } from "../parts/icon.tsx";
import { fieldTitle, valueLabel } from "./filter-menu.tsx";
import { type Filters, toggleFilter } from "./filters.ts";

interface FilterChipsProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
  readonly onClear: () => void;
}

/** What is filtered for, each removable; status shows in its own row. */
export function FilterChips({ filters, onChange, onClear }: FilterChipsProps) {
  const chips = (["severity", "type"] as const).flatMap((field) =>
    filters[field].map((value) => ({ field, value: value as string })),
  );
  if (chips.length === 0) return null;
  return (
    <ul aria-label="Filters" className="flex flex-wrap items-center gap-1.5">
      {chips.map(({ field, value }) => (
        <li key={`${field} ${value}`}>
          <button
            type="button"
            aria-label={`Remove filter ${fieldTitle[field]}: ${valueLabel(field, value)}`}
            onClick={() => onChange(toggleFilter(filters, field, value))}
            className="flex h-6 items-center gap-1.5 rounded-full border border-line-strong bg-surface pr-1.5 pl-2.5 text-xs hover:bg-hover"
          >
            <span className="text-ink-3">{fieldTitle[field]}</span>
            {valueLabel(field, value)}
            <Icon name="close" className="size-3 text-ink-3" />
          </button>
        </li>
      ))}
      <li>
        <button type="button" onClick={onClear} className="px-1 text-accent text-xs hover:underline">
          Clear all
        </button>
      </li>
    </ul>
  );
}
