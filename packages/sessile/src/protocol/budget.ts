/** An amount of money and of tokens; what is absent is not counted. */
export interface UsageAmount {
  /** Millionths of the currency the deployment counts in. */
  readonly costMicros?: number;
  readonly tokens?: number;
}

export interface BudgetRequest {
  readonly budgetId: string;
  /** The most that may be used: at least one of the two. */
  readonly max: UsageAmount;
  /** Only usage of this source, or for this `ref` (a run, an order). Default: all of the session's. */
  readonly source?: string;
  readonly ref?: string;
  /** By how much a person who is asked raises the bounds. Default: by what they were at first. */
  readonly raiseBy?: UsageAmount;
  /** Milliseconds after which the question expires. Default: it waits for ever. */
  readonly askForMs?: number;
}

/** Room for one call, before it is made. */
export interface ReservationRequest extends UsageAmount {
  /** The call's own id, the same after a restart: room is reserved once. */
  readonly reservationId: string;
  readonly source: string;
  readonly ref?: string;
}

export type BudgetAnswer =
  | { readonly is: "reserved" }
  /** A person is asked; reserve again once the gate is settled. */
  | { readonly is: "waiting"; readonly budgetId: string; readonly gateId: string }
  /** Nobody raised it: somebody said `stop`, or nobody answered in time. */
  | {
      readonly is: "refused";
      readonly budgetId: string;
      readonly gateId: string;
      readonly because: "stopped" | "expired";
    };

export interface BudgetStatus {
  readonly budgetId: string;
  readonly source: string | null;
  readonly ref: string | null;
  readonly max: { readonly costMicros: number | null; readonly tokens: number | null };
  readonly used: Required<UsageAmount>;
  readonly reserved: Required<UsageAmount>;
  /** Of the question that waits, or was answered `stop`, or expired. */
  readonly gateId: string | null;
}

/** Answers of the gate that a used-up budget opens. */
export const budgetOptions = ["raise", "stop"] as const;
