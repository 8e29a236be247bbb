import { useCallback } from "react";
import { errorMessage } from "../api/http.ts";
import { showToast } from "../parts/toast.ts";
import { useApp } from "../shell/app-context.ts";

/**
 * Runs a command in somebody's name. A refusal is said in the corner; while the page is away the command waits and its part
 * of the page shows it as under way.
 */
export function useCommand(): (what: string, run: () => Promise<unknown>) => Promise<boolean> {
  const { requireProfile } = useApp();
  return useCallback(
    async (what, run) => {
      if (!requireProfile()) return false;
      try {
        await run();
        return true;
      } catch (thrown) {
        showToast(`${what} did not work. ${errorMessage(thrown)}`, "error");
        return false;
      }
    },
    [requireProfile],
  );
}
