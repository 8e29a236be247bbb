import { useCallback, useState } from "react";
import { useMediaQuery } from "../lib/use-media-query.ts";

export type Theme = "system" | "light" | "dark";

/** `theme.js` reads the same key before the first paint, as bare text. */
const key = "sessile.triage.theme";

function stored(): Theme {
  try {
    const theme = localStorage.getItem(key);
    return theme === "light" || theme === "dark" ? theme : "system";
  } catch {
    return "system";
  }
}

export function useTheme() {
  const [theme, setTheme] = useState(stored);
  const systemIsDark = useMediaQuery("(prefers-color-scheme: dark)");
  const isDark = theme === "dark" || (theme === "system" && systemIsDark);

  const choose = useCallback((next: Theme) => {
    setTheme(next);
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem(key);
      else localStorage.setItem(key, next);
    } catch {
      // The choice then lasts as long as the page.
    }
  }, []);

  return { theme, isDark, choose };
}
