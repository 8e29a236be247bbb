import { DropdownMenu } from "radix-ui";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { menuClass, menuItemClass } from "../parts/menu.ts";
import { type Sort, sorts } from "./filters.ts";

interface SortMenuProps {
  readonly sort: Sort;
  readonly onChange: (sort: Sort) => void;
}

export function SortMenu({ sort, onChange }: SortMenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button>
          <span className="text-ink-3 max-sm:sr-only">Sort</span> {sorts[sort]}
          <Icon name="chevronDown" className="size-3.5 text-ink-3" />
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className={menuClass}>
          <DropdownMenu.RadioGroup value={sort} onValueChange={(value) => onChange(value as Sort)}>
            {Object.entries(sorts).map(([value, label]) => (
              <DropdownMenu.RadioItem key={value} value={value} className={menuItemClass}>
                <span className="flex-1">{label}</span>
                <DropdownMenu.ItemIndicator>
                  <Icon name="check" className="size-3.5 text-accent" />
                </DropdownMenu.ItemIndicator>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
