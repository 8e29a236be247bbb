/** Time as the host sees it: the platform's, or that of a simulator. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves in a later turn of the event loop, after `ms` or more; may reject once `signal` is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

export const platformClock: Clock = {
  now: () => Date.now(),
  wait: (ms, signal) => scheduler.wait(ms, signal ? { signal } : {}),
};
