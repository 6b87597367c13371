/**
 * Why a recording ended, or why there is none, in words.
 *
 * **Invariants.** Only what the server says; an end without a reason is said as such.
 */
import type { Recording } from "../../api/types.ts";

const ENDS: Record<string, string> = {
  cleared: "the alarm cleared",
  time: "the recording time was over",
  limit: "the limit of records was reached",
  stopped: "it was stopped",
};

/** Why it ended or does not exist. */
export function whyEnded(recording: Recording): string {
  if (recording.status === "RUNNING") {
    return "under way";
  }
  if (recording.why_not) {
    return recording.why_not;
  }
  const said = recording.end_reason ? (ENDS[recording.end_reason] ?? recording.end_reason) : null;
  return said ?? `${recording.status.toLowerCase().replace("_", " ")}, without a reason`;
}

/** Whether records were made that can be opened. */
export function hasRecords(recording: Recording): boolean {
  return (
    recording.status === "RUNNING" || recording.end_reason !== null || recording.bytes !== null
  );
}

/** Those under way first, then the latest. */
export function ordered(recordings: readonly Recording[]): Recording[] {
  const isOver = (one: Recording) => (one.status === "RUNNING" ? 0 : 1);
  return [...recordings].sort(
    (one, other) => isOver(one) - isOver(other) || other.started - one.started,
  );
}
