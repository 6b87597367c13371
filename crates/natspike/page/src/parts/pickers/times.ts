/**
 * Times as the command takes them: ago, ISO 8601, epoch seconds, now; and the days of
 * a calendar's month.
 *
 * **Invariants.** The same forms as `natspike --since`; what they mean is decided by
 * the server when it reads, so that a relative time stays relative. No clock: the
 * present is an argument.
 */

/** In which zone a calendar shows and takes times. */
export type Zone = "utc" | "local";

const UNITS: Record<string, number> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 7 * 86_400,
  M: 30 * 86_400,
  y: 365 * 86_400,
};

/** 1973-03-03: a number below this is no epoch second. */
const FIRST_EPOCH = 100_000_000;
/** The year 5138: a number above this counts milliseconds. */
const LAST_EPOCH = 99_999_999_999;

/** What a text means: Unix seconds, nothing (empty), or why it is no time. */
export type Meaning =
  | { kind: "none" }
  | { kind: "relative"; seconds: number }
  | { kind: "absolute"; seconds: number }
  | { kind: "wrong"; message: string };

/** What the text means at the time `now` (Unix seconds). */
export function meaning(text: string, now: number): Meaning {
  const said = text.trim();
  if (said === "") {
    return { kind: "none" };
  }
  if (said === "now") {
    return { kind: "relative", seconds: now };
  }
  const ago = /^(\d+)([smhdwMy])$/.exec(said);
  if (ago) {
    const length = Number(ago[1]) * (UNITS[ago[2] ?? ""] ?? Number.NaN);
    return { kind: "relative", seconds: Math.max(0, now - length) };
  }
  if (/^\d+$/.test(said)) {
    return epoch(Number(said));
  }
  const seconds = iso(said);
  return seconds === null ? wrong(said) : { kind: "absolute", seconds };
}

function epoch(number: number): Meaning {
  if (number > LAST_EPOCH) {
    const seconds = Math.floor(number / 1_000);
    return { kind: "wrong", message: `This is a time in milliseconds; write ${seconds}.` };
  }
  return number < FIRST_EPOCH ? wrong(String(number)) : { kind: "absolute", seconds: number };
}

function wrong(text: string): Meaning {
  return {
    kind: "wrong",
    message: `"${text}" is no time. Write 30m, 2h or 3d ago (s m h d w M y), 2026-11-20T08:30, epoch seconds, or now.`,
  };
}

/** Unix seconds of ISO 8601; without an offset it is UTC. */
function iso(text: string): number | null {
  const form =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/;
  const found = form.exec(text);
  if (!found) {
    return null;
  }
  const [year, month, day, hour, minute, second] = found
    .slice(1, 7)
    .map((part) => Number(part ?? 0)) as [number, number, number, number, number, number];
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  const made = new Date(time);
  const isThere =
    made.getUTCMonth() === month - 1 &&
    made.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  const seconds = time / 1_000 - offset(found[7]);
  return isThere && seconds >= 0 ? seconds : null;
}

/** Seconds east of UTC. */
function offset(text: string | undefined): number {
  const found = /^([+-])(\d\d):?(\d\d)?$/.exec(text ?? "");
  if (!found) {
    return 0;
  }
  const size = Number(found[2]) * 3_600 + Number(found[3] ?? 0) * 60;
  return found[1] === "-" ? -size : size;
}

/** Year, month (from 0), day, hour, minute and second on a wall clock. */
export interface Clock {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** What clocks of the zone show. */
export function clock(seconds: number, zone: Zone): Clock {
  const date = new Date(seconds * 1_000);
  return zone === "utc"
    ? {
        year: date.getUTCFullYear(),
        month: date.getUTCMonth(),
        day: date.getUTCDate(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
        second: date.getUTCSeconds(),
      }
    : {
        year: date.getFullYear(),
        month: date.getMonth(),
        day: date.getDate(),
        hour: date.getHours(),
        minute: date.getMinutes(),
        second: date.getSeconds(),
      };
}

/** Unix seconds at which clocks of the zone show that. */
export function secondsOf(at: Clock, zone: Zone): number {
  const { year, month, day, hour, minute, second } = at;
  const made =
    zone === "utc"
      ? Date.UTC(year, month, day, hour, minute, second)
      : new Date(year, month, day, hour, minute, second).getTime();
  return Math.floor(made / 1_000);
}

const two = (number: number) => String(number).padStart(2, "0");

/** `2026-11-20T08:30:00Z`: the form that the command and this page keep. */
export function isoOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(".000Z", "Z");
}

/** `08:30:00`. */
export function timeText(at: Clock): string {
  return `${two(at.hour)}:${two(at.minute)}:${two(at.second)}`;
}

/** Hours, minutes and seconds of `8:30`, `08:30:15`; `null` if it is no time of day. */
export function timeOfDay(text: string): Pick<Clock, "hour" | "minute" | "second"> | null {
  const found = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text.trim());
  if (!found) {
    return null;
  }
  const [hour, minute, second] = [found[1], found[2], found[3] ?? "0"].map(Number) as [
    number,
    number,
    number,
  ];
  return hour < 24 && minute < 60 && second < 60 ? { hour, minute, second } : null;
}

/** A day of a calendar. */
export interface Day {
  year: number;
  month: number;
  day: number;
}

/** The weeks that show a month, each from Monday on, with days of its neighbours. */
export function weeks(year: number, month: number): Day[][] {
  const first = new Date(Date.UTC(year, month, 1));
  const before = (first.getUTCDay() + 6) % 7;
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const count = Math.ceil((before + length) / 7);
  return Array.from({ length: count }, (_, week) =>
    Array.from({ length: 7 }, (_, day) => dayOf(year, month, week * 7 + day + 1 - before)),
  );
}

/** The day, where the day of the month may lie in another month. */
export function dayOf(year: number, month: number, day: number): Day {
  const date = new Date(Date.UTC(year, month, day));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() };
}

/** The same day of a month so many months away, or that month's last. */
export function monthsOn(from: Day, months: number): Day {
  const last = new Date(Date.UTC(from.year, from.month + months + 1, 0));
  return dayOf(last.getUTCFullYear(), last.getUTCMonth(), Math.min(from.day, last.getUTCDate()));
}

/** Whether they are the same day. */
export function isSameDay(one: Day, other: Day): boolean {
  return one.year === other.year && one.month === other.month && one.day === other.day;
}

/** Why the times make no span, or nothing. */
export function spanTrouble(since: string, until: string, now: number): string | null {
  const [from, to] = [meaning(since, now), meaning(until, now)];
  if (from.kind === "wrong" || to.kind === "wrong" || from.kind === "none") {
    return null;
  }
  const end = to.kind === "none" ? now : to.seconds;
  return from.seconds < end
    ? null
    : "The end is not after the beginning: nothing lies between them.";
}
