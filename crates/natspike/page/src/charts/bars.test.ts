/** Bars, windows among them, and what keys do to these. */
import { expect, test } from "vitest";
import type { Timeline } from "../api/types.ts";
import {
  barsOf,
  byteTicks,
  extentOf,
  resized,
  shifted,
  snapped,
  timeStep,
  timeTicks,
} from "./bars.ts";
import { keyed } from "./brush.ts";

const HOUR: Timeline = {
  period_seconds: 60,
  services: ["S3", null],
  points: Array.from({ length: 60 }, (_, at) => ({ start: 6000 + at * 60, bytes: [at, 1] })),
};

test("every period is a bar where there is room", () => {
  const bars = barsOf(HOUR, 100);
  expect([bars.start, bars.end, bars.step, bars.bars.length]).toEqual([6000, 9600, 60, 60]);
  expect(bars.largest).toBe(60n);
});

test("several periods are one bar where there is none, and no byte is lost", () => {
  const bars = barsOf(HOUR, 25);
  expect([bars.step, bars.bars.length, bars.end]).toEqual([180, 20, 9600]);
  const sum = bars.bars.reduce((all, bar) => all + bar.total, 0n);
  expect(sum).toBe(BigInt((59 * 60) / 2 + 60));
});

test("bytes beyond 2^53 are added exactly", () => {
  const large: Timeline = {
    period_seconds: 60,
    services: ["S3"],
    points: [
      { start: 0, bytes: ["9007199254740993"] },
      { start: 60, bytes: [2] },
    ],
  };
  expect(barsOf(large, 1).bars[0]?.total).toBe(9_007_199_254_740_995n);
});

test("a timeline without points has no bars", () => {
  const bars = barsOf({ period_seconds: 60, services: [], points: [] }, 10);
  expect([bars.bars.length, bars.largest]).toEqual([0, 0n]);
});

test.each([
  [6010, 6130, 6000, 6120],
  [6130, 6010, 6000, 6120],
  [6000, 6001, 6000, 6060],
  [0, 99_999, 6000, 9600],
  [9599, 9600, 9540, 9600],
])("%d to %d is a window of whole bars", (from, until, begin, end) => {
  expect(snapped(barsOf(HOUR, 100), from, until)).toEqual({ from: begin, until: end });
});

test("a window that is moved keeps its length within the bars", () => {
  const bars = barsOf(HOUR, 100);
  const range = { from: 6600, until: 7200 };
  expect(shifted(bars, range, 3)).toEqual({ from: 6780, until: 7380 });
  expect(shifted(bars, range, 999)).toEqual({ from: 9000, until: 9600 });
  expect(shifted(bars, range, -999)).toEqual({ from: 6000, until: 6600 });
  expect(resized(bars, range, -999)).toEqual({ from: 6600, until: 6660 });
  expect(resized(bars, range, 999)).toEqual({ from: 6600, until: 9600 });
});

test.each([
  ["ArrowRight", false, { from: 6660, until: 7260 }],
  ["ArrowLeft", true, { from: 6600, until: 7140 }],
  ["PageUp", false, { from: 7200, until: 7800 }],
  ["End", false, { from: 9000, until: 9600 }],
  ["Home", false, { from: 6000, until: 6600 }],
  ["Escape", false, undefined],
  ["a", false, "other"],
  ["Tab", false, "other"],
])("%s (shift: %s) on a window", (key, shiftKey, next) => {
  const bars = barsOf(HOUR, 100);
  expect(keyed(bars, { from: 6600, until: 7200 }, { key, shiftKey })).toEqual(next);
});

test("a key draws the first window where there is none", () => {
  const bars = barsOf(HOUR, 100);
  const key = (name: string) => keyed(bars, undefined, { key: name, shiftKey: false });
  expect(key("ArrowRight")).toEqual({ from: 6000, until: 6360 });
  expect(key("ArrowLeft")).toEqual({ from: 9240, until: 9600 });
  expect(key("Escape")).toBe("other");
});

test("ticks of bytes are round in their unit and reach the largest", () => {
  expect(byteTicks(0, 3)).toEqual([0]);
  expect(byteTicks(13.5 * 2 ** 30, 3).map((tick) => tick / 2 ** 30)).toEqual([0, 5, 10, 15]);
  expect(byteTicks(3, 3)).toEqual([0, 1, 2, 3]);
});

test.each([
  [6000, 9600, 4, 60, 900],
  [6000, 9600, 2, 60, 1800],
  [0, 300, 10, 60, 60],
  [0, 300, 10, 1, 30],
  [0, 300, 2, 60, 300],
  [0, 172_800, 2, 60, 86_400],
  [0, 4200, 4, 420, 1260],
  [0, 90 * 86_400, 1, 60, 90 * 86_400],
])("from %d to %d at most %d times of periods of %d s are %d s apart", (...row) => {
  const [start, end, many, period, step] = row;
  expect(timeStep(start, end, many, period)).toBe(step);
});

test("ticks of time are round", () => {
  expect(timeTicks(6000, 9600, 900)).toEqual([6300, 7200, 8100, 9000]);
  expect(timeTicks(0, 172_800, 86_400, 3600)).toEqual([82_800, 169_200]);
});

test("bars of a longer time begin and end with it", () => {
  const bars = barsOf(HOUR, 1000, { from: 3600, until: 12_000 });
  expect([bars.start, bars.end]).toEqual([3600, 12_000]);
  expect(barsOf(HOUR, 1000, { from: 7200, until: 7260 }).start).toBe(6000);
  expect(extentOf(HOUR)).toEqual({ from: 6000, until: 9600 });
  expect(extentOf({ ...HOUR, points: [] })).toBeUndefined();
});
