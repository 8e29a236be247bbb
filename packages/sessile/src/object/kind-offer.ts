import { defaultClientWrites } from "../kernel/index.ts";
import type { KindOffer } from "../protocol/request.ts";
import { findCallable } from "./callable.ts";
import type { KindDeclaration } from "./kind-definition.ts";
import { findStreamingCallable } from "./streaming-callable.ts";

/** What a kind lets its clients do, read off an instance: methods are fields of instances. */
export function offerOf(session: KindDeclaration & object): KindOffer {
  const names = Object.keys(session).sort();
  const { state, events } = { ...defaultClientWrites, ...session.clientWrites };
  return {
    access: session.access,
    callables: names.filter((name) => findCallable(session, name)),
    streaming: names.filter((name) => findStreamingCallable(session, name)),
    events,
    writesState: state,
    statuses: Object.keys(session.workflow?.transitions ?? {}),
  };
}
