import { DropdownMenu } from "radix-ui";
import { useShortcuts } from "../keyboard/shortcuts.ts";
import { IconButton } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { menuClass, menuItemClass } from "../parts/menu.ts";
import { type Theme, useTheme } from "./use-theme.ts";

const themes: readonly {
  readonly value: Theme;
  readonly label: string;
  readonly icon: "screen" | "sun" | "moon";
}[] = [
  { value: "system", label: "System", icon: "screen" },
  { value: "light", label: "Light", icon: "sun" },
  { value: "dark", label: "Dark", icon: "moon" },
];

export function ThemeMenu() {
  const { theme, isDark, choose } = useTheme();
  useShortcuts({ t: () => choose(isDark ? "light" : "dark") });
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <IconButton icon={isDark ? "moon" : "sun"} label="Theme" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} className={menuClass}>
          <DropdownMenu.RadioGroup value={theme} onValueChange={(value) => choose(value as Theme)}>
            {themes.map(({ value, label, icon }) => (
              <DropdownMenu.RadioItem key={value} value={value} className={menuItemClass}>
                <Icon name={icon} />
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
