/**
 * The timeline's periods as bars, and a window among them.
 *
 * **Invariants.** Where periods are too many to be seen one bar is several of
 * them, always as many, beginning with the first. A window begins and ends with
 * a period. Sums are exact.
 */
import type { Timeline } from "../api/types.ts";
import { toBigInt } from "../format/bytes.ts";

export interface Bar {
  start: number;
  /** By service, in the timeline's order. */
  bytes: bigint[];
  total: bigint;
}

export interface Bars {
  /** When the first bar begins and the last one ends. */
  start: number;
  end: number;
  /** Seconds of a bar. */
  step: number;
  /** Bars with bytes; those without are not there. */
  bars: Bar[];
  largest: bigint;
}

/** From and until, both multiples of the period. */
export interface Range {
  from: number;
  until: number;
}

/** From the first period to the end of the last; undefined where there is none. */
export function extentOf(timeline: Timeline): Range | undefined {
  const [first, last] = [timeline.points[0], timeline.points.at(-1)];
  return first && last
    ? { from: first.start, until: last.start + Math.max(1, timeline.period_seconds) }
    : undefined;
}

/** The bars that fit into so many places; those of a longer time where one is given. */
export function barsOf(timeline: Timeline, places: number, time?: Range): Bars {
  const period = Math.max(1, timeline.period_seconds);
  const own = extentOf(timeline) ?? time ?? { from: 0, until: period };
  const first = Math.min(own.from, time?.from ?? own.from);
  const last = Math.max(own.until, time?.until ?? own.until);
  const periods = (last - first) / period;
  const step = period * Math.max(1, Math.ceil(periods / Math.max(1, places)));
  const bars = new Map<number, Bar>();
  for (const point of timeline.points) {
    const start = first + Math.floor((point.start - first) / step) * step;
    const bar = bars.get(start) ?? {
      start,
      bytes: timeline.services.map(() => 0n),
      total: 0n,
    };
    point.bytes.forEach((bytes, at) => {
      bar.bytes[at] = (bar.bytes[at] ?? 0n) + toBigInt(bytes);
      bar.total += toBigInt(bytes);
    });
    bars.set(start, bar);
  }
  const all = [...bars.values()];
  const largest = all.reduce((most, bar) => larger(most, bar.total), 0n);
  return {
    start: first,
    end: first + Math.ceil((last - first) / step) * step,
    step,
    bars: all,
    largest,
  };
}

/** Math.max knows no BigInt. */
function larger(one: bigint, other: bigint): bigint {
  if (one > other) {
    return one;
  }
  return other;
}

/** A range within the bars, on their borders and at least one long. */
export function snapped(bars: Bars, from: number, until: number): Range {
  const at = (time: number) => Math.round((time - bars.start) / bars.step);
  const many = (bars.end - bars.start) / bars.step;
  const [low, high] = from <= until ? [at(from), at(until)] : [at(until), at(from)];
  const begin = Math.max(0, Math.min(many - 1, low));
  const finish = Math.max(begin + 1, Math.min(many, high));
  return { from: bars.start + begin * bars.step, until: bars.start + finish * bars.step };
}

/** The range after it went `by` bars on, as long as before and within the bars. */
export function shifted(bars: Bars, range: Range, by: number): Range {
  const room = Math.min(Math.max(by * bars.step, bars.start - range.from), bars.end - range.until);
  return { from: range.from + room, until: range.until + room };
}

/** The range with its end `by` bars further. */
export function resized(bars: Bars, range: Range, by: number): Range {
  const until = Math.min(bars.end, Math.max(range.from + bars.step, range.until + by * bars.step));
  return { from: range.from, until };
}

/** Ticks of bytes that are round in their unit, from 0 to at least the largest. */
export function byteTicks(largest: number, many: number): number[] {
  if (largest <= 0) {
    return [0];
  }
  const unit = 1024 ** Math.max(0, Math.floor(Math.log(largest) / Math.log(1024)));
  const raw = largest / unit / many;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 2.5, 5, 10].find((one) => one * power >= raw) ?? 10;
  const step = Math.max(factor * power * unit, 1);
  return Array.from({ length: Math.ceil(largest / step) + 1 }, (_, at) => at * step);
}

/** Seconds from one time of an axis to the next. */
const TIME_STEPS = [
  1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
  172_800, 604_800, 2_592_000,
];

/** Times are this much rarer at the most, to be round. */
const MOST_ROUNDED = 4;

/** The seconds between at most so many times: whole periods, and round where that can be. */
export function timeStep(start: number, end: number, many: number, period: number): number {
  const plain = period * Math.max(1, Math.ceil((end - start) / period / many));
  const round = TIME_STEPS.find((step) => step % period === 0 && step >= plain);
  return round && round <= plain * MOST_ROUNDED ? round : plain;
}

/** Times for an axis, every `step` seconds in UTC or local time. */
export function timeTicks(start: number, end: number, step: number, offset = 0): number[] {
  const first = Math.ceil((start + offset) / step) * step - offset;
  const ticks: number[] = [];
  for (let at = first; at <= end; at += step) {
    ticks.push(at);
  }
  return ticks;
}
