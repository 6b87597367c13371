/**
 * Following what takes time: the job's events, or its state asked for once a
 * second where no events come.
 *
 * **Invariants.** The promise settles once: with the job when it is done, with
 * its problem when it failed, with an AbortError when it was cancelled or is no
 * longer waited for. To stop waiting does not cancel the job.
 */
import { address, api, type Options, Problem } from "./client.ts";
import { parseExact } from "./exact.ts";
import type { Job } from "./types.ts";

const POLL_MILLISECONDS = 1000;

/** Follows a job to its end. */
export async function watchJob(
  id: string,
  onProgress: (job: Job) => void = () => {},
  options: Options = {},
): Promise<Job> {
  const job =
    (await byEvents(id, onProgress, options)) ?? (await byPolling(id, onProgress, options));
  if (job.state === "failed") {
    throw new Problem(job.error ?? { title: "It failed" });
  }
  if (job.state === "cancelled") {
    throw new DOMException("cancelled", "AbortError");
  }
  return job;
}

/** Ends a job; its state becomes `cancelled` soon. */
export function cancelJob(id: string): Promise<Job> {
  return api.remove<Job>(`/jobs/${id}`);
}

/** The job at its end, or undefined if the events broke off before. */
function byEvents(
  id: string,
  onProgress: (job: Job) => void,
  options: Options,
): Promise<Job | undefined> {
  return new Promise((resolve, reject) => {
    const events = new EventSource(address(`/jobs/${id}/events`));
    const end = (job: Job | undefined) => {
      events.close();
      resolve(job);
    };
    events.addEventListener("progress", (event) => onProgress(parseExact<Job>(event.data)));
    events.addEventListener("end", (event) => end(parseExact<Job>(event.data)));
    events.onerror = () => end(undefined);
    const abort = () => {
      events.close();
      reject(new DOMException("aborted", "AbortError"));
    };
    options.signal?.addEventListener("abort", abort);
    if (options.signal?.aborted) {
      abort();
    }
  });
}

async function byPolling(
  id: string,
  onProgress: (job: Job) => void,
  options: Options,
): Promise<Job> {
  for (;;) {
    const job = await api.get<Job>(`/jobs/${id}`, {}, options);
    if (job.state !== "running") {
      return job;
    }
    onProgress(job);
    await new Promise((next) => setTimeout(next, POLL_MILLISECONDS));
  }
}
