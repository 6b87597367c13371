/** Recordings are in order, say why they ended, and ids are found by their beginning. */
import { expect, it } from "vitest";
import type { Recording } from "../../api/types.ts";
import { beginning } from "./beginning.ts";
import { hasRecords, ordered, whyEnded } from "./ended.ts";

function recording(changes: Partial<Recording>): Recording {
  return {
    execution: "e",
    gateway: "nat-0123456789abcdef0",
    started: 1_800_000_000,
    ended: 1_800_000_900,
    status: "SUCCEEDED",
    end_reason: null,
    why_not: null,
    bytes: null,
    cost_per_hour: null,
    coverage: null,
    currency: "USD",
    source: "recording:e",
    ...changes,
  };
}

it("has those under way first, then the latest", () => {
  const all = [
    recording({ execution: "old", started: 1 }),
    recording({ execution: "late", started: 3 }),
    recording({ execution: "running", started: 2, status: "RUNNING" }),
  ];
  expect(ordered(all).map((one) => one.execution)).toEqual(["running", "late", "old"]);
});

it.each<[Partial<Recording>, string, boolean]>([
  [{ status: "RUNNING", ended: null }, "under way", true],
  [{ end_reason: "cleared", bytes: 5 }, "the alarm cleared", true],
  [{ end_reason: "time" }, "the recording time was over", true],
  [{ why_not: "held by another execution" }, "held by another execution", false],
  [{ status: "FAILED", why_not: "denied" }, "denied", false],
  [{ status: "TIMED_OUT" }, "timed out, without a reason", false],
])("%o ended because %s", (changes, why, records) => {
  expect(whyEnded(recording(changes))).toBe(why);
  expect(hasRecords(recording(changes))).toBe(records);
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
