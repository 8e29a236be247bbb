/** What somebody asked for before they had said who they are. */
export interface PostponedCall {
  /** The incident, or the one decision of the inbox. */
  readonly place: string;
  /** For the message if it is refused. */
  readonly what: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

const key = "sessile.triage.postponed";

/** Keeps it beyond the reload that a new profile brings, for this tab. */
export function postpone(call: PostponedCall): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(call));
  } catch {
    // It has to be asked for again, then.
  }
}

/** What was asked for there; whoever takes it has it alone. */
export function takePostponed(place: string): PostponedCall | null {
  try {
    const call = JSON.parse(sessionStorage.getItem(key) ?? "null") as PostponedCall | null;
    if (call?.place !== place) return null;
    sessionStorage.removeItem(key);
    return call;
  } catch {
    return null;
  }
}

/** Whoever does not say who they are does not want it done. */
export function forgetPostponed(): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}
