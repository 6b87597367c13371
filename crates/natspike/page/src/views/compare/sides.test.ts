/** Both sides are in the address, and change places. */
import { expect, it } from "vitest";
import { changed } from "../../state/location.ts";
import { onPeriod, sideOf, swapped } from "./sides.ts";

it.each([
  ["before=report:r1", { report: "r1" }],
  ["before=report:r1&before-from=60&before-until=120", { report: "r1", from: 60, until: 120 }],
  ["before=upload:u1&before-from=60", { upload: "u1" }],
  ["before=recording:nat-1:2", { recording: "nat-1:2" }],
  ["before=r1", null],
  ["after=report:r1", null],
])("%s is %o", (text, expected) => {
  expect(sideOf(new URLSearchParams(text), "before")).toEqual(expected);
});

it("swaps sides with their windows", () => {
  const params = new URLSearchParams("before=report:a&before-from=60&after=upload:b&x=1");
  const to = changed(params, swapped(params));
  expect(Object.fromEntries(to)).toEqual({
    x: "1",
    before: "upload:b",
    after: "report:a",
    "after-from": "60",
  });
});

it("begins with a period", () => {
  expect(onPeriod(1_800_000_059, 60)).toBe(1_800_000_000);
  expect(onPeriod(1_800_000_059, null)).toBe(1_800_000_000);
  expect(onPeriod(1_800_000_599, 600)).toBe(1_800_000_000);
});
