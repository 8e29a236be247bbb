// Written by `sessile generate`. Changes are lost.
import type Counter from "../sessions/counter/session.ts";

/** The kinds' bindings. Extend it with the bindings of your own. */
export interface GeneratedEnv {
  readonly COUNTER: DurableObjectNamespace<Counter>;
}
