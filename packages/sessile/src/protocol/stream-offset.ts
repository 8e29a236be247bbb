const digits = 16;
/** The part before the separator is free for a second order above the first; streams of ours have one. */
const lead = "0".repeat(digits);
const form = new RegExp(`^${lead}_([0-9]{${digits}})$`);

/** The token that stands for a number of chunks; tokens sort as text in the order of their numbers. */
export function formatOffset(offset: number): string {
  return `${lead}_${String(offset).padStart(digits, "0")}`;
}

/** @returns null if it is no token of ours */
export function parseOffset(token: string): number | null {
  const match = form.exec(token);
  const offset = match ? Number(match[1]) : Number.NaN;
  return Number.isSafeInteger(offset) ? offset : null;
}
