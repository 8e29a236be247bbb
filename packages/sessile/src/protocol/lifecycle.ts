/** Every session's own machine: initializing → active ⇄ paused → terminated. Terminated is final: readable, no more writes. */
export const lifecycles = ["initializing", "active", "paused", "terminated"] as const;
export type Lifecycle = (typeof lifecycles)[number];

const next: Readonly<Record<Lifecycle, readonly Lifecycle[]>> = {
  initializing: ["active", "terminated"],
  active: ["paused", "terminated"],
  paused: ["active", "terminated"],
  terminated: [],
};

export function mayBecome(from: Lifecycle, to: Lifecycle): boolean {
  return next[from].includes(to);
}

export function isLifecycle(value: unknown): value is Lifecycle {
  return typeof value === "string" && (lifecycles as readonly string[]).includes(value);
}
