/**
 * What the address says of the report that is shown: window, tab, table.
 *
 * **Invariants.** Everything that changes what is seen is in the address.
 */
import { type Range, snapped } from "../../charts/bars.ts";
import type { Way } from "../../parts/data-table.tsx";
import { andFilter, notFilter } from "../../parts/filter-term.ts";
import { params, setParams } from "../../state/location.ts";
import { announce } from "../../state/session.ts";

export { snapped };

/** The window; undefined is all of the time. */
export function rangeOf(from: string | null, until: string | null): Range | undefined {
  const [begin, end] = [Number(from ?? Number.NaN), Number(until ?? Number.NaN)];
  return Number.isInteger(begin) && Number.isInteger(end) && begin < end
    ? { from: begin, until: end }
    : undefined;
}

/** Sets or clears the window; the page of a table is the first again. */
export function setRange(range: Range | undefined): void {
  setParams({ from: range?.from, until: range?.until, offset: null }, { replace: true });
}

/** Reads with another filter. */
export function setWhere(where: string): void {
  setParams({ where, offset: null });
  announce(where ? `Filter ${where}.` : "No filter.");
}

/** Adds a term, or its contrary, to the filter. */
export function addTerm(term: string, way: Way = "only"): void {
  const part = way === "only" ? term : notFilter(term);
  setWhere(andFilter(params.value.get("where") ?? "", part));
}
