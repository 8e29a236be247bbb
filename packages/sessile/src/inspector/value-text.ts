import type { Json } from "../protocol/index.ts";

/** A value in one line. */
export function shortText(value: Json | undefined, maxChars = 120): string {
  if (value === undefined) return "—";
  const text = JSON.stringify(value);
  return text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
}

export function longText(value: Json | undefined): string {
  return value === undefined ? "—" : JSON.stringify(value, null, 2);
}

/** `14:05:09.120`, in the reader's own time. */
export function clockText(at: string | number): string {
  const date = new Date(at);
  return `${date.toLocaleTimeString("en-GB")}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
