/**
 * An answer of the API as the state of a component.
 *
 * **Invariants.** A newer question drops the older one's answer, however late
 * it comes. The old value stays until the new one is there, marked `busy`.
 */
import { useEffect, useState } from "preact/hooks";
import { address, api, isAborted, type Params, Problem } from "./client.ts";

export interface Answer<T> {
  value: T | undefined;
  error: Problem | undefined;
  /** True while `value` is of the question before, or not there yet. */
  busy: boolean;
  /** From the question to its answer. */
  milliseconds: number | undefined;
  retry: () => void;
}

/** Asks for a path; undefined asks nothing. `again` asks anew when it changes. */
export function useAnswer<T>(path: string | undefined, params: Params = {}, again = 0): Answer<T> {
  const [state, setState] = useState<Omit<Answer<T>, "retry">>({
    value: undefined,
    error: undefined,
    busy: path !== undefined,
    milliseconds: undefined,
  });
  const [tries, setTries] = useState(0);
  const url = path === undefined ? undefined : address(path, params);
  useEffect(() => {
    if (url === undefined) {
      return;
    }
    const abort = new AbortController();
    const begun = performance.now();
    setState((old) => ({ ...old, busy: true }));
    api.get<T>(url, {}, { signal: abort.signal }).then(
      (value) =>
        setState({
          value,
          error: undefined,
          busy: false,
          milliseconds: performance.now() - begun,
        }),
      (cause) => {
        if (!isAborted(cause)) {
          setState((old) => ({ ...old, error: Problem.of(cause), busy: false }));
        }
      },
    );
    return () => abort.abort();
  }, [url, tries, again]);
  return { ...state, retry: () => setTries(tries + 1) };
}
