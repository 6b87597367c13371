/** Recordings are in order, say why they ended, and ids are found by their beginning. */
import { expect, it } from "vitest";
import type { Recording } from "../../api/types.ts";
import { beginning } from "./beginning.ts";
import {
  canStop,
  hasReport,
  hourly,
  isUnderWay,
  lasted,
  nameOf,
  ordered,
  startedBy,
  stateOf,
  whyEnded,
} from "./ended.ts";

function recording(changes: Partial<Recording>): Recording {
  return {
    execution: "nat-0123456789abcdef0-1800000000000",
    gateway: "nat-0123456789abcdef0",
    started: 1_800_000_000,
    ended: 1_800_000_900,
    status: "SUCCEEDED",
    became: "recorded",
    started_by: "alarm",
    end_reason: null,
    why_not: null,
    seconds: null,
    bytes: null,
    cost_per_hour: null,
    cost_is_at_least: false,
    coverage: null,
    currency: null,
    source: "recording:e",
    ...changes,
  };
}

const RUNNING = { became: "running", status: "RUNNING", ended: null } as const;
const NOTHING = { source: null, started_by: null } as const;

it("has those under way first, then the latest", () => {
  const all = [
    recording({ execution: "old", started: 1 }),
    recording({ execution: "late", started: 3 }),
    recording({ execution: "running", started: 2, ...RUNNING }),
  ];
  expect(ordered(all).map((one) => one.execution)).toEqual(["running", "late", "old"]);
});

it.each<[Partial<Recording>, string, string]>([
  [RUNNING, "recording", ""],
  [
    { ...RUNNING, end_reason: "stopped" },
    "ending",
    "it was stopped by hand; late records are waited for",
  ],
  [{ end_reason: "cleared" }, "ended", "the alarm cleared"],
  [{ end_reason: "time" }, "ended", "the recording time was over"],
  [{}, "ended", "why is not known"],
  [
    { ...NOTHING, became: "held", why_not: "Another was first." },
    "not recorded",
    "Another was first.",
  ],
  [{ ...NOTHING, became: "spent", why_not: "No more." }, "not recorded", "No more."],
  [{ became: "failed", status: "FAILED", why_not: "Denied." }, "failed", "Denied."],
  [{ became: "failed", status: "ABORTED", why_not: "Aborted." }, "aborted", "Aborted."],
])("%o is %s: %s", (changes, state, why) => {
  expect([stateOf(recording(changes)), whyEnded(recording(changes))]).toEqual([state, why]);
});

it.each<[Partial<Recording>, boolean, boolean, boolean]>([
  [RUNNING, true, true, false],
  [{ ...RUNNING, end_reason: "stopped" }, true, false, false],
  // An execution that another one was before is no recording, even while it runs.
  [{ ...NOTHING, became: "held", status: "RUNNING" }, false, false, false],
  [{ end_reason: "cleared" }, false, false, true],
  [{ became: "failed", status: "FAILED" }, false, false, false],
])("%o: under way %s, can be stopped %s, has a report %s", (changes, ...expected) => {
  const it = recording(changes);
  expect([isUnderWay(it), canStop(it), hasReport(it)]).toEqual(expected);
});

it("says figures only where they are known", () => {
  const known = recording({ cost_per_hour: 0.3772, currency: "USD", seconds: 1360 });
  expect([hourly(known), lasted(known, 0)]).toEqual(["$0.38", "22 min 40 s"]);
  expect(hourly({ ...known, cost_is_at_least: true })).toBe("at least $0.38");
  const unknown = recording({ started_by: null, gateway: null, execution: "e" });
  expect([hourly(unknown), lasted(unknown, 0)]).toEqual(["unknown", "unknown"]);
  expect([startedBy(unknown), nameOf(unknown)]).toEqual(["", "e"]);
  expect(lasted(recording(RUNNING), 1_800_000_090)).toBe("1 min 30 s");
});

it.each([
  ["", []],
  ["1BG", ["1bg0q8v3", "1bg1aaaa"]],
  ["1bg0", ["1bg0q8v3"]],
  [" 1bf ", ["1bf"]],
  ["zz", []],
])("%j finds %o", (text, expected) => {
  const all = ["1bg0q8v3", "1bg1aaaa", "1bf", "1bfxskfz"].map((id) => ({ id }));
  expect(beginning(all, text).map((one) => one.id)).toEqual(expected);
});
