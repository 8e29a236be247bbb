// Written by `sessile generate`. Changes are lost.
import { useSession as useSessionOf, type UseSession, type UseSessionOptions } from "sessile/react";
import type Counter from "../sessions/counter/session.ts";

export type { Counter };

/** The session `name`, live while the component is mounted. `state` is undefined until the first frame. */
export function useSession(
  name = "default",
  options: Omit<UseSessionOptions, "kind" | "name"> = {},
): UseSession<Counter> {
  return useSessionOf<Counter>({ ...options, kind: "counter", name });
}
