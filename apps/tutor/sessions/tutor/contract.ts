export type Message = { readonly role: "user" | "assistant"; readonly text: string };
/** What somebody said aloud; the sound itself is kept nowhere. */
export type Transcript = { readonly speaker: string; readonly text: string; readonly offsetMs: number };

export type TutorEvents = { readonly message: Message; readonly transcript: Transcript };

export type Course = { readonly code: string; readonly title: string; readonly credits: number };
