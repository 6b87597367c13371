/**
 * An investigation under way: begun, followed by its id in the address, cancelled.
 *
 * **Invariants.** The address has the job's id, so that a page that is loaded again
 * follows the same run. To leave the view does not end the run.
 */
import { useEffect, useState } from "preact/hooks";
import { api, isAborted, Problem } from "../../api/client.ts";
import { cancelJob, watchJob } from "../../api/jobs.ts";
import type { Job } from "../../api/types.ts";
import { go, setParams } from "../../state/location.ts";
import { announce } from "../../state/session.ts";
import { type Asked, queryOf } from "./asked.ts";

const REPLACE = { replace: true };

export interface Running {
  /** Undefined while nothing runs, or nothing is heard yet. */
  job: Job | undefined;
  isRunning: boolean;
  isCancelled: boolean;
  problem: Problem | undefined;
  run: () => void;
  cancel: () => void;
}

/** Runs what is asked; `id` is the job of the address. */
export function useRunning(asked: Asked, id: string | null): Running {
  const [job, setJob] = useState<Job | undefined>(undefined);
  const [isBeginning, setBeginning] = useState(false);
  const [isCancelled, setCancelled] = useState(false);
  const [problem, setProblem] = useState<Problem | undefined>(undefined);

  useEffect(() => {
    setJob(undefined);
    if (id === null) {
      return;
    }
    const abort = new AbortController();
    watchJob(id, setJob, { signal: abort.signal }).then(
      (done) => {
        if (!abort.signal.aborted) {
          arrive(done, setProblem);
        }
      },
      (cause) => {
        if (!abort.signal.aborted) {
          setParams({ job: null }, REPLACE);
          setCancelled(isAborted(cause));
          setProblem(isAborted(cause) ? undefined : Problem.of(cause));
        }
      },
    );
    return () => abort.abort();
  }, [id]);

  const run = async () => {
    setBeginning(true);
    setProblem(undefined);
    setCancelled(false);
    try {
      const begun = await api.post<Job>("/investigations", asked);
      setParams({ job: begun.id }, REPLACE);
    } catch (cause) {
      setProblem(Problem.of(cause));
    } finally {
      setBeginning(false);
    }
  };
  const cancel = () => {
    if (id !== null) {
      cancelJob(id).catch((cause) => setProblem(Problem.of(cause)));
    }
  };
  return { job, isRunning: isBeginning || id !== null, isCancelled, problem, run, cancel };
}

function arrive(done: Job, onProblem: (problem: Problem) => void): void {
  const query = queryOf(done.result);
  setParams({ job: null }, REPLACE);
  if (query) {
    announce("The investigation is done.");
    go(`query/${encodeURIComponent(query)}`);
  } else {
    onProblem(
      new Problem({
        title: "The result was not kept",
        detail: "The investigation ended without an id; see the history, or run it again.",
      }),
    );
  }
}
