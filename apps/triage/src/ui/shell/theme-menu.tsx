import { useShortcuts } from "../keyboard/shortcuts.ts";
import { IconButton } from "../parts/button.tsx";
import { RadioMenu } from "../parts/radio-menu.tsx";
import { useTheme } from "./use-theme.ts";

const themes = [
  { value: "system", label: "System", icon: "screen" },
  { value: "light", label: "Light", icon: "sun" },
  { value: "dark", label: "Dark", icon: "moon" },
] as const;

export function ThemeMenu() {
  const { theme, isDark, choose } = useTheme();
  useShortcuts({ t: () => choose(isDark ? "light" : "dark") });
  const trigger = <IconButton icon={isDark ? "moon" : "sun"} label="Theme" />;
  return <RadioMenu trigger={trigger} value={theme} options={themes} onChange={choose} />;
}
