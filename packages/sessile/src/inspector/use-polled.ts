import { useEffect, useState } from "react";
import { ask, type InspectedAddress } from "./address.ts";

export interface Polled<T> {
  readonly value: T | null;
  readonly error: string | null;
}

const everyMs = 2000;

/** Asks again and again while the page is seen. */
export function usePolled<T>(address: InspectedAddress, path: string): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, error: null });
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      if (!document.hidden) {
        const next = await ask<T>(address, path).then(
          (value) => ({ value, error: null }),
          (thrown: unknown) => ({ value: null, error: (thrown as Error).message }),
        );
        if (isOver) return;
        setPolled((last) => ({ value: next.value ?? last.value, error: next.error }));
      }
      timer = setTimeout(() => void poll(), everyMs);
    };
    void poll();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [address, path]);
  return polled;
}
