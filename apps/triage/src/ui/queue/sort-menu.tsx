import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { RadioMenu } from "../parts/radio-menu.tsx";
import { type Sort, sorts } from "./filters.ts";

interface SortMenuProps {
  readonly sort: Sort;
  readonly onChange: (sort: Sort) => void;
}

const options = Object.entries(sorts).map(([value, label]) => ({ value: value as Sort, label }));

export function SortMenu({ sort, onChange }: SortMenuProps) {
  const trigger = (
    <Button>
      <span className="text-ink-3 max-sm:sr-only">Sort</span> {sorts[sort]}
      <Icon name="chevronDown" className="size-3.5 text-ink-3" />
    </Button>
  );
  return <RadioMenu trigger={trigger} value={sort} options={options} onChange={onChange} />;
}
