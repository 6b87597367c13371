/** A recording is read every 30 seconds, later where that is slow or fails. */
import { expect, it } from "vitest";
import { pause } from "./pace.ts";

it.each([
  [0, 0, 30_000],
  [9_000, 0, 30_000],
  [20_000, 0, 60_000],
  [1_000_000, 0, 600_000],
  [100, 1, 60_000],
  [100, 3, 240_000],
  [100, 50, 600_000],
])("%d ms with %d failures rests %d ms", (took, failures, expected) => {
  expect(pause(took, failures)).toBe(expected);
});
