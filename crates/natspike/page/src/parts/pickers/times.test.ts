/** Times are read as `natspike --since` reads them, and calendars have all their days. */
import { describe, expect, it } from "vitest";
import {
  clock,
  dayOf,
  isoOf,
  meaning,
  monthsOn,
  secondsOf,
  spanTrouble,
  timeOfDay,
  weeks,
} from "./times.ts";

const NOW = 1_800_000_000; // 2027-01-15T08:00:00Z

describe("the meaning of a time", () => {
  it.each([
    ["30s", NOW - 30],
    ["15m", NOW - 900],
    ["1h", NOW - 3_600],
    ["7d", NOW - 7 * 86_400],
    ["2w", NOW - 14 * 86_400],
    ["1M", NOW - 30 * 86_400],
    ["1y", NOW - 365 * 86_400],
    ["now", NOW],
    ["99999999999y", 0],
  ])("%s is so long ago", (text, seconds) => {
    expect(meaning(text, NOW)).toEqual({ kind: "relative", seconds });
  });

  it.each([
    ["1800000000", 1_800_000_000],
    ["2027-01-15", 1_799_971_200],
    ["2027-01-15T08:00", NOW],
    ["2027-01-15 08:00:00", NOW],
    ["2027-01-15T08:00:00Z", NOW],
    ["2027-01-15T08:00:00.250Z", NOW],
    ["2027-01-15T09:30+01:30", NOW],
    ["2027-01-15T03:00-05", NOW],
    [" 2027-01-15T08:00 ", NOW],
  ])("%s is that time, in UTC without an offset", (text, seconds) => {
    expect(meaning(text, NOW)).toEqual({ kind: "absolute", seconds });
  });

  it.each([
    "15",
    "2026-1-2",
    "2026-02-30",
    "2026-11-20T24:00",
    "2026-11-20T10:61",
    "20261120",
    "yesterday",
    "5 m",
    "1.5h",
    "-1h",
  ])("%s is no time", (text) => {
    expect(meaning(text, NOW)).toMatchObject({ kind: "wrong" });
  });

  it("says what milliseconds are in seconds", () => {
    expect(meaning("1800000000000", NOW)).toEqual({
      kind: "wrong",
      message: "This is a time in milliseconds; write 1800000000.",
    });
  });

  it("is nothing for an empty text", () => {
    expect(meaning("  ", NOW)).toEqual({ kind: "none" });
  });
});

describe("a span", () => {
  it.each([
    ["1h", "", false],
    ["", "1h", false],
    ["", "", false],
    ["2h", "1h", false],
    ["1h", "2h", true],
    ["1h", "1h", true],
    ["now", "", true],
    ["nonsense", "1h", false],
  ])("from %s to %s is empty: %s", (since, until, isEmpty) => {
    expect(spanTrouble(since, until, NOW) !== null).toBe(isEmpty);
  });
});

describe("clocks", () => {
  it("are the same way back, in UTC and in local time", () => {
    for (const zone of ["utc", "local"] as const) {
      expect(secondsOf(clock(NOW, zone), zone)).toBe(NOW);
    }
    expect(isoOf(NOW)).toBe("2027-01-15T08:00:00Z");
  });

  it.each([
    ["8:30", { hour: 8, minute: 30, second: 0 }],
    ["08:30:15", { hour: 8, minute: 30, second: 15 }],
    ["24:00", null],
    ["8:3", null],
    ["8", null],
  ])("%s is a time of day or none", (text, expected) => {
    expect(timeOfDay(text)).toEqual(expected);
  });
});

describe("a calendar", () => {
  it("has every day of a month once, in weeks from Monday on", () => {
    for (let month = 0; month < 24; month += 1) {
      const all = weeks(2027, month);
      const days = all.flat();
      const own = days.filter((day) => day.month === month % 12);
      const length = new Date(Date.UTC(2027, month + 1, 0)).getUTCDate();
      expect(own.map((day) => day.day)).toEqual(Array.from({ length }, (_, at) => at + 1));
      expect(all.every((week) => week.length === 7)).toBe(true);
      const first = days[0];
      expect(first && new Date(Date.UTC(first.year, first.month, first.day)).getUTCDay()).toBe(1);
    }
  });

  it("goes on by months without leaving them", () => {
    const last = { year: 2027, month: 0, day: 31 };
    expect(monthsOn(last, 1)).toEqual({ year: 2027, month: 1, day: 28 });
    expect(monthsOn(last, -2)).toEqual({ year: 2026, month: 10, day: 30 });
    expect(dayOf(2027, 0, 32)).toEqual({ year: 2027, month: 1, day: 1 });
    expect(dayOf(2027, 2, 0)).toEqual({ year: 2027, month: 1, day: 28 });
  });
});
