import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { Icon, type IconName } from "./icon.tsx";
import { menuClass, menuItemClass } from "./menu.ts";

interface RadioMenuProps<Value extends string> {
  /** A button. */
  readonly trigger: ReactNode;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string; readonly icon?: IconName }[];
  readonly onChange: (value: Value) => void;
}

/** A menu of which one option holds. */
export function RadioMenu<Value extends string>({
  trigger,
  value: current,
  options,
  onChange,
}: RadioMenuProps<Value>) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className={menuClass}>
          <DropdownMenu.RadioGroup value={current} onValueChange={(value) => onChange(value as Value)}>
            {options.map(({ value, label, icon }) => (
              <DropdownMenu.RadioItem key={value} value={value} className={menuItemClass}>
                {icon && <Icon name={icon} />}
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
