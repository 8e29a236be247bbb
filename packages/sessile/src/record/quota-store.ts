/** One charge against a subject's day and minute. */
export interface QuotaCharge {
  /** Whose quota, such as `user:{id}`. */
  readonly subject: string;
  /** The command's address; the same one again is charged no more. */
  readonly key: string;
  /** Commands of one action share it: the first is charged, and the free retries after it are not. */
  readonly action: string;
  readonly units: number;
  /** Null: without bound. */
  readonly perDay: number | null;
  readonly perMinute: number | null;
  /** Retries of one action that cost nothing; the next one is charged again. */
  readonly freeRetries: number;
}

export interface QuotaVerdict {
  /** `repeated`: it was charged before. `day` and `minute` name the bound that refused it. */
  readonly is: "charged" | "repeated" | "day" | "minute";
  /** Units charged to the subject on this day. */
  readonly used: number;
}

/**
 * Who has used how much of a day. Each charge is all or nothing, and a refused one leaves no trace. Safe from any number of callers
 * at once, and safe to repeat when an answer was lost.
 */
export interface QuotaStore {
  /**
   * Charges in order; each sees those before it.
   *
   * @param now milliseconds since 1970; its day in UTC is charged
   * @throws SessileError `unavailable`
   */
  charge(charges: readonly QuotaCharge[], now: number): Promise<readonly QuotaVerdict[]>;

  /** Units charged to the subject on the day of `now`. @throws SessileError `unavailable` */
  used(subject: string, now: number): Promise<number>;
}
