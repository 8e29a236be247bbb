import type { Ref } from "react";
import { Key } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";

interface SearchFieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly inputRef: Ref<HTMLInputElement>;
}

export function SearchField({ value, onChange, inputRef }: SearchFieldProps) {
  return (
    <search className="relative min-w-0 flex-1 md:max-w-md">
      <Icon name="search" className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
      <input
        ref={inputRef}
        type="search"
        aria-label="Search incidents"
        placeholder="Search titles, hosts, addresses…"
        value={value}
        maxLength={200}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (value === "") event.currentTarget.blur();
          else onChange("");
        }}
        className="h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-8 text-sm [&::-webkit-search-cancel-button]:hidden"
      />
      <span className="-translate-y-1/2 absolute top-1/2 right-2.5 text-ink-3">
        {value === "" ? (
          <Key>/</Key>
        ) : (
          <button
            type="button"
            aria-label="Clear search"
            onClick={() => onChange("")}
            className="flex rounded hover:text-ink"
          >
            <Icon name="close" className="size-3.5" />
          </button>
        )}
      </span>
    </search>
  );
}
