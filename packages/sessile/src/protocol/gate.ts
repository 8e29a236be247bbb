/** A decision only a human or a client can give: waits, expires, and is answered once. */
export interface Gate {
  readonly gateId: string;
  readonly title: string;
  readonly detail: string;
  /** Answers accepted, such as `approve` and `reject`. */
  readonly options: readonly string[];
  /** Milliseconds since 1970, or null: waits for ever. */
  readonly expiresAt: number | null;
  readonly openedAt: number;
}

/** How a gate ended. An expiry is never recorded as somebody's answer. */
export type GateOutcome =
  | { readonly status: "answered"; readonly answer: string; readonly comment: string | null }
  | { readonly status: "expired" };
