/**
 * Sorting and searching the rows of a table that are in the page already.
 *
 * **Invariants.** Integers are compared as integers, also where JSON has them as text;
 * what is not known comes last in either direction; the sort is stable, so that rows
 * that are equal stay in the order of the ranking.
 */

import type { Cell, Count, FoundRow, FoundTable, Sums } from "../../api/types.ts";
import { toBigInt } from "../../format/bytes.ts";

/** What rows are sorted by: a column by its place, or one of the sums. */
export type Key = { column: number } | { sum: keyof Sums } | "organization" | "ranking";

/** A sort. */
export interface Order {
  key: Key;
  descending: boolean;
}

/** The rows in that order; the ranking is the order in which they came. */
export function sorted(table: FoundTable, rows: readonly FoundRow[], order: Order): FoundRow[] {
  if (order.key === "ranking") {
    return order.descending ? [...rows] : [...rows].reverse();
  }
  const value = valueBy(table, order.key);
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === null || b === null) {
      return a === b ? 0 : a === null ? 1 : -1;
    }
    return sign * compared(a, b);
  });
}

type Value = bigint | string | null;

function valueBy(table: FoundTable, key: Exclude<Key, "ranking">): (row: FoundRow) => Value {
  if (key === "organization") {
    return (row) => row.organization ?? null;
  }
  if ("sum" in key) {
    return (row) => toBigInt(row.sums[key.sum]);
  }
  const isAddress = table.columns[key.column]?.kind === "address";
  return (row) => cellValue(row.cells[key.column] ?? null, isAddress);
}

function cellValue(cell: Cell, isAddress: boolean): Value {
  if (typeof cell === "number") {
    return BigInt(cell);
  }
  return isAddress && cell !== null ? (addressNumber(cell) ?? cell) : cell;
}

function compared(one: bigint | string, other: bigint | string): number {
  if (typeof one === "bigint" && typeof other === "bigint") {
    return one < other ? -1 : one > other ? 1 : 0;
  }
  return String(one).localeCompare(String(other), "en", { numeric: true });
}

/** An address as a number, those of IPv4 before those of IPv6; `null` for other text. */
export function addressNumber(text: string): bigint | null {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (four) {
    return four.slice(1).reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  }
  if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(":")) {
    return null;
  }
  const [head, tail] = text.split("::") as [string, string | undefined];
  const groups = (part: string | undefined) => (part ? part.split(":") : []);
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array(Math.max(0, missing)).fill("0"), ...groups(tail)];
  const number = all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group || "0"}`), 0n);
  return number + (1n << 32n);
}

/** The rows with every word of the text in a value or in the organization. */
export function searched(
  rows: readonly FoundRow[],
  text: string,
  written: (row: FoundRow) => string[],
): FoundRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return [...rows];
  }
  return rows.filter((row) => {
    const all = [...written(row), row.organization ?? ""].join("\n").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** The most that a row has; 0 without rows. */
export function mostOf(rows: readonly FoundRow[], sum: keyof Sums): bigint {
  let most = 0n;
  for (const row of rows) {
    const of = toBigInt(row.sums[sum]);
    if (of > most) {
      most = of;
    }
  }
  return most;
}

/** Whether no row has more than the one before it. */
export function isRanked(rows: readonly FoundRow[], sum: keyof Sums): boolean {
  return rows.every((row, at) => {
    const before = rows[at - 1];
    return !before || toBigInt(before.sums[sum]) >= toBigInt(row.sums[sum]);
  });
}

/** A part of a whole in thousandths, for the width of a bar; 0 of nothing. */
export function thousandths(part: Count, whole: bigint): number {
  return whole === 0n ? 0 : Number((toBigInt(part) * 1_000n) / whole);
}
