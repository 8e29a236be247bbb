import { useCallback, useEffect } from "react";
import { postpone, takePostponed } from "../profile/postponed-call.ts";
import { useApp } from "../shell/app-context.ts";
import { useIncident } from "./session-context.ts";
import type { IncidentHandle } from "./session-handle.ts";
import { useCommand } from "./use-commands.ts";

type Calls = IncidentHandle["call"];
type IncidentCall = <Method extends keyof Calls & string>(
  what: string,
  method: Method,
  ...args: Parameters<Calls[Method]>
) => Promise<boolean>;

/** Calls a method of the incident's session in somebody's name. Asked for by nobody, it is done once they have said who they are. */
export function useIncidentCall(): IncidentCall {
  const { profile } = useApp();
  const { name, session } = useIncident();
  const command = useCommand();
  const { call } = session;
  return useCallback(
    (what, method, ...args) => {
      if (!profile) postpone({ place: name, what, method, args });
      const run = call[method] as (...given: readonly unknown[]) => Promise<unknown>;
      return command(what, () => run(...args));
    },
    [profile, name, call, command],
  );
}

/** Does what was asked for before somebody had said who they are. */
export function usePostponedCall(): void {
  const { profile } = useApp();
  const { name } = useIncident();
  const call = useIncidentCall();
  useEffect(() => {
    const postponed = profile && takePostponed(name);
    if (!postponed) return;
    const again = call as (what: string, method: string, ...args: readonly unknown[]) => Promise<boolean>;
    void again(postponed.what, postponed.method, ...postponed.args);
  }, [profile, name, call]);
}
