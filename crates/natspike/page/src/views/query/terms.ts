/**
 * What a row of an investigation says, in the filter language.
 *
 * A row is made of what its table tells rows apart by; its terms select the records
 * behind it. Columns that are sums, names or examples (the first sender of a new end)
 * select nothing.
 *
 * **Invariants.** Only what the table says is used; the language is the server's.
 */

import type { Cell, FoundRow, FoundTable } from "../../api/types.ts";
import { andFilter, quoted } from "../../parts/filter-term.ts";

/** What a column's value is called in the filter language. */
const FIELDS: Record<string, string> = {
  source: "src",
  destination: "dst",
  address: "ip",
  source_port: "srcport",
  destination_port: "dstport",
  port: "port",
  protocol: "protocol",
  action: "action",
};

/** Rules whose rows are about one end alone; the other columns are an example of it. */
const ABOUT_ONE_END: Record<string, string> = {
  exfiltration: "destination",
  "first-seen": "destination",
};

/** Rules that are about rejected records alone. */
const REJECTED = ["rejected", "reject-storms"];

/** The side of which the AWS service of a row is told. */
const SERVICE_OF: Record<string, string> = {
  "external-inbound": "src-service",
  "external-outbound": "dst-service",
};

/** The terms that select the records of the row; none where nothing can. */
export function termsOf(table: FoundTable, row: FoundRow): string[] {
  const end = ABOUT_ONE_END[table.analysis];
  if (end) {
    const place = table.columns.findIndex((column) => column.name === end);
    return known(row.cells[place]).map((value) => `ip = ${quoted(value)}`);
  }
  const terms = table.columns.flatMap((column, place) => {
    const field = column.name === "aws_service" ? SERVICE_OF[table.analysis] : FIELDS[column.name];
    return field ? known(row.cells[place]).map((value) => `${field} = ${quoted(value)}`) : [];
  });
  return REJECTED.includes(table.analysis) && terms.length > 0
    ? [...terms, "action = REJECT"]
    : terms;
}

/** The term of one value, where its column is one that selects records. */
export function termOf(table: FoundTable, place: number, row: FoundRow): string | null {
  const column = table.columns[place];
  const [value] = known(row.cells[place]);
  if (!column || value === undefined) {
    return null;
  }
  const field =
    column.name === "aws_service" ? (SERVICE_OF[table.analysis] ?? "service") : FIELDS[column.name];
  return field ? `${field} = ${quoted(value)}` : null;
}

function known(cell: Cell | undefined): string[] {
  return cell === null || cell === undefined || cell === "" ? [] : [String(cell)];
}

/** The filter, and beside it the terms. */
export function narrowed(filter: string | null | undefined, terms: readonly string[]): string {
  return terms.reduce((joined, term) => andFilter(joined, term), filter ?? "");
}
