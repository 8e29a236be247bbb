import type { Json, JsonInput } from "./json.ts";

/**
 * The type-level face of a session class: what a client may read, append and call. Everything here vanishes at run time;
 * it lives in the lowest layer so that clients are typed from the class without importing the host.
 */
declare const callableBrand: unique symbol;

/** JSON arguments; an optional one may be left out. */
export type CallArguments = readonly (JsonInput | undefined)[];

/** A method that clients may call. Only `callable(…)` makes one, so no other method is reachable from outside. */
export type Callable<Args extends CallArguments = CallArguments, Result = unknown> = ((
  ...args: Args
) => Result) & {
  readonly [callableBrand]: true;
};

/** Payload by event type: `{ "note.added": { text: string } }`. */
export type EventMap = { readonly [type: string]: Json };

/** What any session class looks like from a client. */
export interface SessionContract {
  readonly initialState: Json;
  readonly eventTypes?: EventMap;
}

/** Carries the event map of a class in its type. The property never exists. */
export interface CarriesEvents<Events extends EventMap> {
  readonly eventTypes?: Events;
}

/** As the class declares it: what it begins with is often of a narrower type, such as `{ log: never[] }`. */
export type StateOf<S> = S extends { readonly state: infer State }
  ? State
  : S extends { readonly initialState: infer State }
    ? State
    : Json;
export type EventsOf<S> = S extends { readonly eventTypes?: infer Events }
  ? NonNullable<Events> extends EventMap
    ? NonNullable<Events>
    : EventMap
  : EventMap;

/** The callable methods of a class as a client sees them: JSON in, a promise out. */
export type CallsOf<S> = {
  readonly [Name in keyof S as S[Name] extends Callable<never> ? Name : never]: S[Name] extends (
    ...args: infer Args
  ) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};
