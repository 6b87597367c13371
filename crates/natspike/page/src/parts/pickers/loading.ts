/**
 * An answer of the API that a view needs: asked for when it is first shown, and again
 * when what it depends on changes.
 *
 * **Invariants.** An answer to an older question never takes the place of a newer one;
 * while the same is asked again, and when that fails, the last answer stays.
 */
import { useCallback, useEffect, useState } from "preact/hooks";
import { isAborted, Problem } from "../../api/client.ts";

export interface Loaded<T> {
  value: T | undefined;
  problem: Problem | undefined;
  isLoading: boolean;
  /** Asks again. */
  again: () => void;
}

/** Asks `ask` whenever `key` changes; nothing is asked for a key of `null`. */
export function useLoaded<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const [state, setState] = useState<{ key: string | null; value?: T; problem?: Problem }>({ key });
  const [asked, setAsked] = useState(0);
  const [isLoading, setLoading] = useState(key !== null);
  useEffect(() => {
    if (key === null) {
      setLoading(false);
      return;
    }
    const abort = new AbortController();
    setLoading(true);
    ask(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) {
          setState({ key, value });
          setLoading(false);
        }
      },
      (cause) => {
        if (!abort.signal.aborted && !isAborted(cause)) {
          const problem = Problem.of(cause);
          setState((old) => (old.key === key ? { ...old, problem } : { key, problem }));
          setLoading(false);
        }
      },
    );
    return () => abort.abort();
  }, [key, asked]);
  const again = useCallback(() => setAsked((count) => count + 1), []);
  const isOf = state.key === key;
  return {
    value: isOf ? state.value : undefined,
    problem: isOf ? state.problem : undefined,
    isLoading,
    again,
  };
}
