/**
 * Reads a recording again and again while it is under way and the page is seen.
 *
 * **Invariants.** One reading at a time. What was read stays while the next is read, and
 * when it fails. A page that is hidden reads nothing; it does as soon as it is seen
 * again, if the time has come.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, isAborted, Problem } from "../../api/client.ts";
import { watchJob } from "../../api/jobs.ts";
import type { OpenedReport, Report } from "../../api/types.ts";
import { pause } from "./pace.ts";

export interface Reading {
  report: Report | undefined;
  /** The report's id at the server. */
  id: string | undefined;
  problem: Problem | undefined;
  isReading: boolean;
  /** When it was read last, and when it will be next, in Unix milliseconds. */
  readAt: number | undefined;
  nextAt: number | undefined;
  /** How long the last reading took, in milliseconds. */
  took: number | undefined;
  now: () => void;
}

/** Rows of each list. */
const TOP = 10;
/** How often it is looked whether the time has come. */
const TICK = 1000;

type State = Omit<Reading, "now">;

const NOTHING: State = {
  report: undefined,
  id: undefined,
  problem: undefined,
  isReading: false,
  readAt: undefined,
  nextAt: undefined,
  took: undefined,
};

/** Reads the source; again as long as `isLive`. */
export function useReading(source: string | null, isLive: boolean): Reading {
  const [state, setState] = useState<State>(NOTHING);
  const failures = useRef(0);
  const isBusy = useRef(false);
  const abort = useRef<AbortController>(new AbortController());

  const read = async () => {
    const { signal } = abort.current;
    if (source === null || isBusy.current) {
      return;
    }
    isBusy.current = true;
    const began = Date.now();
    setState((old) => ({ ...old, isReading: true }));
    try {
      const found = await readOnce(source, signal);
      failures.current = 0;
      const took = Date.now() - began;
      const nextAt = Date.now() + pause(took, 0);
      const done = { isReading: false, problem: undefined, readAt: Date.now(), nextAt, took };
      setState((old) => (signal.aborted ? old : { ...old, ...found, ...done }));
    } catch (cause) {
      failures.current += 1;
      const nextAt = Date.now() + pause(Date.now() - began, failures.current);
      const problem = isAborted(cause) ? undefined : Problem.of(cause);
      setState((old) => (signal.aborted ? old : { ...old, isReading: false, problem, nextAt }));
    } finally {
      if (!signal.aborted) {
        isBusy.current = false;
      }
    }
  };

  useEffect(() => {
    abort.current = new AbortController();
    isBusy.current = false;
    failures.current = 0;
    setState(NOTHING);
    void read();
    return () => abort.current.abort();
  }, [source]);

  useEffect(() => {
    if (!isLive) {
      return;
    }
    const timer = setInterval(() => {
      const isTime = state.nextAt !== undefined && Date.now() >= state.nextAt;
      if (isTime && document.visibilityState === "visible") {
        void read();
      }
    }, TICK);
    return () => clearInterval(timer);
  }, [isLive, state.nextAt, source]);

  return { ...state, now: () => void read() };
}

async function readOnce(
  source: string,
  signal: AbortSignal,
): Promise<{ id: string; report: Report }> {
  const opened = await api.post<OpenedReport>(
    "/reports",
    { sources: [source], options: {} },
    { signal, params: { refresh: true } },
  );
  if (opened.job) {
    await watchJob(opened.job, () => {}, { signal });
  }
  const path = `/reports/${encodeURIComponent(opened.id)}`;
  return { id: opened.id, report: await api.get<Report>(path, { top: TOP }, { signal }) };
}
