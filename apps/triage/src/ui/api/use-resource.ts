import { useCallback, useEffect, useState } from "react";
import { isAbort } from "./http.ts";

export interface Resource<T> {
  /** The last answer; kept while a newer one is on its way. */
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

interface Held<T> {
  readonly key: string;
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
}

/**
 * One GET, made again when `key` changes or `reload` is called.
 *
 * @param load stable per key; a change of the function alone loads nothing
 * @param options `keepStale`: show the answer for the last key until the one for this key is there
 */
export function useResource<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  options: { readonly keepStale?: boolean } = {},
): Resource<T> {
  const [turn, setTurn] = useState(0);
  const [held, setHeld] = useState<Held<T>>({ key: "", data: undefined, error: null, isLoading: true });

  // biome-ignore lint/correctness/useExhaustiveDependencies: `load` is stable per key, `turn` asks for it again
  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    setHeld((before) => ({ ...before, isLoading: true }));
    load(abort.signal).then(
      (data) => !abort.signal.aborted && setHeld({ key, data, error: null, isLoading: false }),
      (error: unknown) => {
        if (abort.signal.aborted || isAbort(error)) return;
        setHeld((before) => {
          // What was held for another key must not be taken for this one's.
          const data = before.key === key || options.keepStale ? before.data : undefined;
          return { key, data, error, isLoading: false };
        });
      },
    );
    return () => abort.abort();
  }, [key, turn]);

  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const isCurrent = held.key === key;
  return {
    data: isCurrent || options.keepStale ? held.data : undefined,
    error: isCurrent ? held.error : null,
    isLoading: held.isLoading || !isCurrent,
    reload,
  };
}
