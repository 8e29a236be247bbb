import type { Callable } from "../../src/protocol/index.ts";

/** `Notes` of the fixture, as its clients see it. */
export interface NotesContract {
  readonly initialState: { readonly count: number; readonly text: string };
  readonly eventTypes?: { readonly "note.said": { readonly by: string; readonly n: number } };
  readonly add: Callable<[string], { count: number }>;
  readonly instance: Callable<[], string>;
  readonly askAndWait: Callable<[string], { answer: string }>;
}

/** `Tiny` of the fixture. */
export interface TinyContract {
  readonly initialState: { readonly text: string };
}
