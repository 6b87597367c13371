/**
 * What became of a recording, in words.
 *
 * **Invariants.** Only what the server says; what it does not say is unknown.
 */
import type { Recording } from "../../api/types.ts";
import { money } from "../../format/money.ts";
import { duration } from "../../format/time.ts";

const ENDS: Record<string, string> = {
  cleared: "the alarm cleared",
  time: "the recording time was over",
  limit: "the limit of records was reached",
  stopped: "it was stopped by hand",
};

const STARTS: Record<string, string> = { alarm: "by its alarm", hand: "by hand" };

/** The state in a word or two. */
export function stateOf(recording: Recording): string {
  switch (recording.became) {
    case "running":
      return recording.end_reason ? "ending" : "recording";
    case "recorded":
      return "ended";
    case "failed":
      return recording.status === "ABORTED" ? "aborted" : "failed";
    default:
      return "not recorded";
  }
}

/** Why it ended, or why there is none; nothing while it goes on. */
export function whyEnded(recording: Recording): string {
  const { end_reason, became, why_not } = recording;
  const reason = end_reason ? (ENDS[end_reason] ?? end_reason) : undefined;
  if (became === "running") {
    return reason ? `${reason}; late records are waited for` : "";
  }
  return why_not ?? reason ?? "why is not known";
}

/** By what it began. */
export function startedBy({ started_by }: Recording): string {
  return started_by ? (STARTS[started_by] ?? started_by) : "";
}

/** Whether it is under way, so that it is looked at live. */
export function isUnderWay(recording: Recording): boolean {
  return recording.became === "running";
}

/** Whether it can be stopped: its end has not begun. */
export function canStop(recording: Recording): boolean {
  return isUnderWay(recording) && recording.end_reason === null;
}

/** Whether it has a report that can be compared. */
export function hasReport(recording: Recording): boolean {
  return recording.became === "recorded" && recording.source !== null;
}

/** The gateway, or the execution where no gateway is known. */
export function nameOf(recording: Recording): string {
  return recording.gateway ?? recording.execution;
}

/** How long the flow log was on; of one under way since it began. */
export function lasted(recording: Recording, now: number): string {
  return isUnderWay(recording) && recording.seconds === null
    ? duration(now - recording.started)
    : duration(recording.seconds);
}

/** What an hour cost, at least that where some charges have no price. */
export function hourly({ cost_per_hour, cost_is_at_least, currency }: Recording): string {
  if (cost_per_hour === null || currency === null) {
    return "unknown";
  }
  return `${cost_is_at_least ? "at least " : ""}${money(cost_per_hour, currency)}`;
}

/** Those under way first, then the latest. */
export function ordered(recordings: readonly Recording[]): Recording[] {
  const isOver = (one: Recording) => (isUnderWay(one) ? 0 : 1);
  return [...recordings].sort(
    (one, other) => isOver(one) - isOver(other) || other.started - one.started,
  );
}
