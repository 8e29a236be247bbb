import { type Json, SessileError } from "sessile";

/** What clients append is shown to everybody, so it is what the page can show, and only the tutor answers. @throws SessileError `bad_request` */
export function checkEvent(type: string, payload: Json): void {
  const { role, speaker, text } = (payload ?? {}) as Readonly<Record<string, Json | undefined>>;
  if (type === "message" && (role !== "user" || typeof text !== "string"))
    refuse('A message is { role, text }; role is "user", for the tutor answers by itself.');
  if (type === "transcript" && (typeof speaker !== "string" || typeof text !== "string"))
    refuse("A transcript is { speaker, text, offsetMs }.");
}

function refuse(message: string): never {
  throw new SessileError("bad_request", message, { field: "payload" });
}
