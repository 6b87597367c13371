/**
 * Times, in UTC or in the browser's zone, and how long things take.
 *
 * **Invariants.** Times are Unix seconds. What is typed into a field is read in
 * the zone that is shown.
 */
import { localTime } from "../state/theme.ts";

const two = (value: number) => String(value).padStart(2, "0");

/** The parts of a time in the zone that is shown. */
function parts(seconds: number, local: boolean) {
  const date = new Date(seconds * 1000);
  return local
    ? {
        day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
        clock: `${two(date.getHours())}:${two(date.getMinutes())}`,
        second: two(date.getSeconds()),
      }
    : {
        day: date.toISOString().slice(0, 10),
        clock: date.toISOString().slice(11, 16),
        second: date.toISOString().slice(17, 19),
      };
}

/** `2026-11-20 10:04 UTC`; seconds where they are not 0. */
export function time(seconds: number | null | undefined, local = localTime.value): string {
  return seconds === null || seconds === undefined
    ? "unknown"
    : `${bare(seconds, local)} ${zone(local)}`;
}

/** `2026-11-20 10:04`, without the zone. */
export function bare(seconds: number, local = localTime.value): string {
  const { day, clock, second } = parts(seconds, local);
  return `${day} ${clock}${second === "00" ? "" : `:${second}`}`;
}

/** `10:04`. */
export function clock(seconds: number, local = localTime.value): string {
  return parts(seconds, local).clock;
}

/** A time on an axis of so many seconds a step: `10:04`, `10:04:30`, or `11-20` where a day begins. */
export function onAxis(seconds: number, step: number, local = localTime.value): string {
  const { day, clock, second } = parts(seconds, local);
  if (step >= 86_400 || (clock === "00:00" && second === "00")) {
    return day.slice(5);
  }
  return step % 60 === 0 ? clock : `${clock}:${second}`;
}

/** `2026-11-20`. */
export function day(seconds: number, local = localTime.value): string {
  return parts(seconds, local).day;
}

/** `UTC`, or the zone's short name. */
export function zone(local = localTime.value): string {
  if (!local) {
    return "UTC";
  }
  const named = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" })
    .formatToParts(new Date())
    .find((part) => part.type === "timeZoneName");
  return named?.value ?? "local";
}

/** `2026-11-20 10:00 to 11:00 UTC`. */
export function span(start: number, end: number, local = localTime.value): string {
  const same = day(start, local) === day(end, local);
  const last = same ? bare(end, local).slice(11) : bare(end, local);
  return `${bare(start, local)} to ${last} ${zone(local)}`;
}

/** `5 min`, `1 h 30 min`, `2 d 4 h`, `40 s`: at most two units. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) {
    return "unknown";
  }
  const whole = Math.round(seconds);
  const units: [number, string][] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const at = units.findIndex(([size]) => whole >= size);
  const first = units[at];
  if (!first) {
    return "0 s";
  }
  const second = units[at + 1];
  const rest = second ? Math.floor((whole % first[0]) / second[0]) : 0;
  const head = `${Math.floor(whole / first[0])} ${first[1]}`;
  return rest && second ? `${head} ${rest} ${second[1]}` : head;
}

/** `17 ms`, `1.2 s`. */
export function milliseconds(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** `3 min ago`. */
export function ago(seconds: number, now = Date.now() / 1000): string {
  return now - seconds < 1 ? "now" : `${duration(now - seconds)} ago`;
}

/** What a field holds, `2026-11-20 10:04` or with `T` and seconds; undefined where that is no time. */
export function fromField(text: string, local = localTime.value): number | undefined {
  const found = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?Z?$/.exec(text.trim());
  if (!found) {
    return undefined;
  }
  const milliseconds = Date.parse(`${found[1]}T${found[2] ?? "00:00"}${local ? "" : "Z"}`);
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}
