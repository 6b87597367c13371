/**
 * One table of an investigation as CSV, as it is shown: sorted and searched.
 *
 * The whole investigation as CSV is the server's; this is for one table alone, and its
 * fields are written as the server writes them.
 *
 * **Invariants.** What is not known is an empty field. A text that a spreadsheet would
 * take for a formula has an apostrophe before it. Lines end as RFC 4180 says.
 */

import type { Cell, FoundColumn, FoundRow, FoundTable } from "../../api/types.ts";
import { isoOf } from "../../parts/pickers/times.ts";

/** The table with these rows of it. */
export function csvOf(table: FoundTable, rows: readonly FoundRow[]): string {
  const head = [
    ...table.columns.map((column) => column.name),
    "bytes",
    "packets",
    "flows",
    "organization",
  ];
  return [head, ...rows.map((row) => record(table, row))]
    .map((fields) => `${fields.map(field).join(",")}\r\n`)
    .join("");
}

function record(table: FoundTable, row: FoundRow): string[] {
  const { bytes, packets, flows } = row.sums;
  const hasPackets = BigInt(packets) > 0n || BigInt(flows) === 0n;
  return [
    ...table.columns.map((column, place) => value(column, row.cells[place] ?? null)),
    String(bytes),
    hasPackets ? String(packets) : "",
    String(flows),
    harmless(row.organization ?? ""),
  ];
}

function value(column: FoundColumn, cell: Cell): string {
  if (cell === null) {
    return "";
  }
  if (column.kind === "time" && typeof cell === "number") {
    return isoOf(cell);
  }
  return typeof cell === "string" ? harmless(cell) : String(cell);
}

/** In one line, and no formula. */
export function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
  return /^\s*[=+\-@＝＋－＠]./u.test(line) ? `'${line}` : line;
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
