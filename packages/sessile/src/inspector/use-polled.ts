import { useEffect, useState } from "react";
import { ask, type InspectedAddress } from "./address.ts";

export interface Polled<T> {
  readonly value: T | null;
  readonly error: string | null;
}

const everyMs = 2000;

/** Asks again and again while the page is seen: a path below the session's address, or what asks for several. */
export function usePolled<T>(address: InspectedAddress, asked: string | (() => Promise<T>)): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, error: null });
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      if (!document.hidden) {
        const next = await (typeof asked === "string" ? ask<T>(address, asked) : asked()).then(
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
  }, [address, asked]);
  return polled;
}
