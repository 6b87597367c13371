/**
 * A report that is opened: asked for, followed while it is read, read again.
 *
 * **Invariants.** What was opened before stays until the new one is there. A
 * reading that another one replaces is cancelled.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, isAborted, Problem } from "../../api/client.ts";
import { cancelJob, watchJob } from "../../api/jobs.ts";
import type { Job, OpenedReport } from "../../api/types.ts";
import type { Asked } from "../../state/report-address.ts";

export interface Opened {
  /** The report that is ready; the one before while another is read. */
  id: string | undefined;
  title: string | undefined;
  /** Changes each time that something was read. */
  version: number;
  isReading: boolean;
  job: Job | undefined;
  error: Problem | undefined;
  isCancelled: boolean;
  cancel: () => void;
  /** Reads again what is there already. */
  refresh: () => void;
}

type State = Omit<Opened, "cancel" | "refresh">;

const FIRST: State = {
  id: undefined,
  title: undefined,
  version: 0,
  isReading: true,
  job: undefined,
  error: undefined,
  isCancelled: false,
};

export function useOpened(asked: Asked): Opened {
  const [state, setState] = useState<State>(FIRST);
  const [tries, setTries] = useState(0);
  const running = useRef<string | undefined>(undefined);
  const key = JSON.stringify(asked);
  const [keyBefore, setKeyBefore] = useState(key);

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const change = (part: Partial<State>) => {
      if (!signal.aborted) {
        setState((old) => ({ ...old, ...part }));
      }
    };
    if (running.current) {
      void cancelJob(running.current).catch(() => undefined);
      running.current = undefined;
    }
    const isAgain = tries > 0 && key === keyBefore;
    setKeyBefore(key);
    change({ isReading: true, job: undefined, error: undefined, isCancelled: false });
    const read = async () => {
      const params = isAgain ? { refresh: true } : {};
      const opened = await api.post<OpenedReport>("/reports", asked, { signal, params });
      if (opened.job) {
        running.current = opened.job;
        await watchJob(opened.job, (job) => change({ job }), { signal });
        running.current = undefined;
      }
      setState((old) =>
        signal.aborted
          ? old
          : { ...FIRST, ...opened, isReading: false, version: old.version + 1, job: undefined },
      );
    };
    read().catch((cause) => {
      if (isAborted(cause)) {
        change({ isReading: false, isCancelled: true });
      } else {
        change({ isReading: false, error: Problem.of(cause) });
      }
      if (!signal.aborted) {
        running.current = undefined;
      }
    });
    return () => abort.abort();
  }, [key, tries]);

  const cancel = () => {
    if (running.current) {
      void cancelJob(running.current).catch((cause) =>
        setState((old) => ({ ...old, error: Problem.of(cause) })),
      );
    }
  };
  return { ...state, cancel, refresh: () => setTries(tries + 1) };
}
