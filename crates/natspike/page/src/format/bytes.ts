/**
 * Bytes and counts in words.
 *
 * **Invariants.** GB is 2^30 bytes, as AWS bills it. Integers beyond 2^53 are
 * text and stay exact: they are divided as BigInt.
 */
import type { Count } from "../api/types.ts";

const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB", "EB"] as const;

/** An integer of any size. */
export function toBigInt(count: Count): bigint {
  return typeof count === "string" ? BigInt(count) : BigInt(Math.trunc(count));
}

/** A number to draw with: rounded beyond 2^53, so never to be shown. */
export function toDrawn(count: Count): number {
  return Number(count);
}

/** Short: `3.2 GB`; three digits that count. */
export function bytes(count: Count | null | undefined): string {
  if (count === null || count === undefined) {
    return "unknown";
  }
  const value = Number(count);
  let unit = 0;
  let scaled = value;
  while (Math.abs(scaled) >= 999.5 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  if (unit === 0) {
    return value === 1 ? "1 byte" : `${value} bytes`;
  }
  const digits = Math.abs(scaled) >= 99.95 ? 0 : Math.abs(scaled) >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${UNITS[unit]}`;
}

/** All digits, grouped: `3,489,660,928`. */
export function integer(count: Count | null | undefined): string {
  return count === null || count === undefined
    ? "unknown"
    : toBigInt(count).toLocaleString("en-US");
}

/** All digits with their unit, for a title. */
export function exactBytes(count: Count | null | undefined): string {
  return count === null || count === undefined ? "unknown" : `${integer(count)} bytes`;
}

/** A share of 1 as `29.5 %`; what is more than nothing is never `0 %`. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined) {
    return "unknown";
  }
  const value = share * 100;
  if (value > 0 && value < 0.1) {
    return "< 0.1 %";
  }
  return `${value.toFixed(value >= 99.95 || value === 0 ? 0 : 1)} %`;
}
