/**
 * How a table of an investigation is shown, in the address: its order, its search, its
 * page and what of its lists is chosen.
 *
 * **Invariants.** Each table has keys of its own, so that several keep their state.
 */
import type { FoundRow, FoundTable, Sums } from "../../api/types.ts";
import type { Changes } from "../../state/location.ts";
import type { Key, Order } from "./rows.ts";

/** Rows of a page of a table. */
export const PAGE = 25;

/** Columns of lists of prefixes by which rows may be chosen. */
export const FACETS = ["list", "region", "city"] as const;
export type Facet = (typeof FACETS)[number];

export interface Shown {
  order: Order;
  /** The order's column as the table of the page calls it. */
  sort: string;
  search: string;
  offset: number;
  facets: Partial<Record<Facet, string>>;
}

/** The name of a table: its analysis, and which of its answers. */
export function nameOf(table: FoundTable): string {
  return table.view ? `${table.analysis}.${table.view}` : table.analysis;
}

/** How the table is shown, by the address. */
export function shownOf(table: FoundTable, params: URLSearchParams): Shown {
  const name = nameOf(table);
  const [sort = "ranking", direction] = (params.get(`sort.${name}`) ?? "").split(":");
  const key = keyOf(table, sort);
  const offset = Number(params.get(`page.${name}`) ?? "0");
  const facets: Shown["facets"] = {};
  for (const facet of FACETS) {
    const value = params.get(`${facet}.${name}`);
    if (value !== null) {
      facets[facet] = value;
    }
  }
  return {
    order: { key: key ?? "ranking", descending: key === null || direction !== "asc" },
    sort: key === null ? "ranking" : sort,
    search: params.get(`find.${name}`) ?? "",
    offset: Number.isSafeInteger(offset) && offset > 0 ? Math.floor(offset / PAGE) * PAGE : 0,
    facets,
  };
}

/** The change of the address that shows the table so; another order begins at its first page. */
export function showing(
  table: FoundTable,
  to: { sort?: string; search?: string; offset?: number; facet?: [Facet, string | null] },
): Changes {
  const name = nameOf(table);
  return {
    ...(to.sort === undefined ? {} : { [`sort.${name}`]: to.sort }),
    ...(to.search === undefined ? {} : { [`find.${name}`]: to.search }),
    ...(to.facet === undefined ? {} : { [`${to.facet[0]}.${name}`]: to.facet[1] }),
    [`page.${name}`]: to.offset ? to.offset : null,
  };
}

function keyOf(table: FoundTable, sort: string): Key | null {
  if (sort === "bytes" || sort === "packets" || sort === "flows") {
    return { sum: sort satisfies keyof Sums };
  }
  if (sort === "organization") {
    return "organization";
  }
  const place = /^\d+$/.test(sort) ? Number(sort) : -1;
  return table.columns[place] ? { column: place } : null;
}

/** The rows that have what is chosen of lists. */
export function chosen(table: FoundTable, rows: FoundRow[], facets: Shown["facets"]): FoundRow[] {
  const tests = FACETS.flatMap((facet) => {
    const place = table.columns.findIndex((column) => column.name === facet);
    const value = facets[facet];
    return place < 0 || value === undefined ? [] : [{ place, value }];
  });
  return rows.filter((row) =>
    tests.every(({ place, value }) => String(row.cells[place] ?? "") === value),
  );
}

/** The values of a column and how many rows have each, the most frequent first. */
export function valuesOf(table: FoundTable, facet: Facet): { value: string; rows: number }[] {
  const place = table.columns.findIndex((column) => column.name === facet);
  const counts = new Map<string, number>();
  for (const row of place < 0 ? [] : table.rows) {
    const value = String(row.cells[place] ?? "");
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, rows]) => ({ value, rows }))
    .sort((one, other) => other.rows - one.rows || one.value.localeCompare(other.value));
}
