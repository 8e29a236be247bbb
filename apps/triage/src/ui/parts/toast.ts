export interface Toast {
  readonly id: number;
  readonly tone: "info" | "error";
  readonly text: string;
}

const shownMs = 6_000;
const listeners = new Set<() => void>();
let toasts: readonly Toast[] = [];
let nextId = 1;

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Says something in the corner for six seconds; screen readers hear it too. */
export function showToast(text: string, tone: Toast["tone"] = "info"): void {
  const toast = { id: nextId++, tone, text };
  set([...toasts.slice(-2), toast]);
  setTimeout(() => dismissToast(toast.id), shownMs);
}

export function dismissToast(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

export const toastStore = {
  get: () => toasts,
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};
