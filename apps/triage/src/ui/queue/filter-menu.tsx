import { DropdownMenu } from "radix-ui";
import { incidentTypeLabel } from "../../domain/model/incident-type.ts";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { menuClass, menuItemClass, menuLabelClass } from "../parts/menu.ts";
import { severityLabel } from "../parts/severity.tsx";
import { statusLabel } from "../parts/status.tsx";
import { type FilterField, type Filters, filterValues, toggleFilter } from "./filters.ts";

interface FilterMenuProps {
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

export const fieldTitle: Readonly<Record<FilterField, string>> = {
  status: "Status",
  severity: "Severity",
  type: "Type",
};

export function valueLabel(field: FilterField, value: string): string {
  const labels: Readonly<Record<FilterField, (value: never) => string>> = {
    status: (status: keyof typeof statusLabel) => statusLabel[status],
    severity: (severity: keyof typeof severityLabel) => severityLabel[severity],
    type: incidentTypeLabel,
  };
  return labels[field](value as never);
}

export function FilterMenu({ filters, onChange, open, onOpenChange }: FilterMenuProps) {
  return (
    <DropdownMenu.Root open={open} onOpenChange={onOpenChange} modal={false}>
      <DropdownMenu.Trigger asChild>
        <Button icon="filter" hint="f">
          <span className="max-sm:sr-only">Filter</span>
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className={menuClass}>
          {(["severity", "status", "type"] as const).map((field) => (
            <DropdownMenu.Group key={field} aria-label={fieldTitle[field]}>
              <DropdownMenu.Label className={menuLabelClass}>{fieldTitle[field]}</DropdownMenu.Label>
              {filterValues[field].map((value) => (
                <DropdownMenu.CheckboxItem
                  key={value}
                  checked={(filters[field] as readonly string[]).includes(value)}
                  onCheckedChange={() => onChange(toggleFilter(filters, field, value))}
                  // Several are chosen in one visit.
                  onSelect={(event) => event.preventDefault()}
                  className={menuItemClass}
                >
                  <span className="flex size-4 items-center justify-center rounded border border-line-strong">
                    <DropdownMenu.ItemIndicator>
                      <Icon name="check" className="size-3 text-accent" />
                    </DropdownMenu.ItemIndicator>
                  </span>
                  {valueLabel(field, value)}
                </DropdownMenu.CheckboxItem>
              ))}
            </DropdownMenu.Group>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
