import type { Callable } from "sessile/protocol";

export type Message = { readonly role: "user" | "assistant"; readonly text: string };
/** What somebody said aloud; the sound itself is kept nowhere. */
export type Transcript = { readonly speaker: string; readonly text: string; readonly offsetMs: number };

export type TutorEvents = { readonly message: Message; readonly transcript: Transcript };

export type Course = { readonly code: string; readonly title: string; readonly credits: number };

/** What the page knows of a tutoring session. */
export type Tutor = {
  readonly initialState: { readonly lastCourse: string | null };
  readonly eventTypes?: TutorEvents;
  /** The catalogue, or the courses whose code or title has `query` in it. */
  readonly courses: Callable<[query: string], Promise<Course[]>>;
  /** Answers in the session whether a course transfers. */
  readonly checkTransfer: Callable<[code: string], Promise<string>>;
};
