/**
 * Values of an investigation as they are shown, by the kind of their column.
 *
 * **Invariants.** What records do not say is a dash and never 0; a number that names
 * something (a port, a protocol) is not grouped by thousands.
 */
import type { ComponentChildren } from "preact";
import type { Cell, FoundColumn, FoundRow, FoundTable, Sums } from "../../api/types.ts";
import { bytes, exactBytes, integer, toBigInt } from "../../format/bytes.ts";
import { duration, time } from "../../format/time.ts";

const UNKNOWN = "-";

/** IANA's names of the protocols that flow logs mostly have. */
const PROTOCOLS: Record<string, string> = {
  1: "ICMP",
  6: "TCP",
  17: "UDP",
  47: "GRE",
  50: "ESP",
  58: "ICMPv6",
};

/** The column's name as words. */
export function heading(column: FoundColumn): string {
  return column.name.replaceAll("_", " ").replace(/^aws\b/, "AWS");
}

/** Whether values stand to the right. */
export function isNumber(column: FoundColumn): boolean {
  return (
    column.kind === "bytes" ||
    column.kind === "seconds" ||
    (column.kind === "number" && column.name !== "protocol")
  );
}

/** A value in words. */
export function inWords(column: FoundColumn, cell: Cell): string {
  if (cell === null) {
    return UNKNOWN;
  }
  switch (column.kind) {
    case "bytes":
      return bytes(cell);
    case "time":
      return typeof cell === "number" ? time(cell) : String(cell);
    case "seconds":
      return typeof cell === "number" ? duration(cell) : String(cell);
    case "number":
      return number(column, cell);
    default:
      return String(cell);
  }
}

function number(column: FoundColumn, cell: Cell): string {
  if (column.name === "protocol") {
    const name = PROTOCOLS[String(cell)];
    return name ? `${cell} ${name}` : String(cell);
  }
  return isPort(column) ? String(cell) : integer(cell);
}

function isPort(column: FoundColumn): boolean {
  return column.name === "port" || column.name.endsWith("_port");
}

/** All digits of a value that is shown short. */
export function exactly(column: FoundColumn, cell: Cell): string | undefined {
  if (cell === null) {
    return "The records do not say it.";
  }
  if (column.kind === "bytes") {
    return exactBytes(cell);
  }
  return column.kind === "seconds" ? `${integer(cell)} seconds` : undefined;
}

/** A value as it stands in the table; a port with the service that the table says. */
export function shownCell(table: FoundTable, place: number, row: FoundRow): ComponentChildren {
  const column = table.columns[place];
  if (!column) {
    return UNKNOWN;
  }
  const cell = row.cells[place] ?? null;
  const text = inWords(column, cell);
  if (column.kind === "address") {
    return <span class="mono">{text}</span>;
  }
  if (column.name === "action") {
    return <span class={cell === "REJECT" ? "badge badge-bad" : "badge"}>{text}</span>;
  }
  const service = isPort(column) ? row.cells[serviceOf(table)] : null;
  return service ? (
    <>
      {text} <span class="hint">{String(service)}</span>
    </>
  ) : (
    text
  );
}

/** The place of the column that says what a port is for; -1 if there is none. */
export function serviceOf(table: FoundTable): number {
  const hasPort = table.columns.some(isPort);
  return hasPort ? table.columns.findIndex((column) => column.name === "service") : -1;
}

/** Packets; of records without them they are not known. */
export function packets(sums: Sums): string {
  const isKnown = toBigInt(sums.packets) > 0n || toBigInt(sums.flows) === 0n;
  return isKnown ? integer(sums.packets) : UNKNOWN;
}

/** What a search in the page looks at: the values in words and as they are. */
export function written(table: FoundTable, row: FoundRow): string[] {
  return table.columns.flatMap((column, place) => {
    const cell = row.cells[place] ?? null;
    return cell === null ? [] : [inWords(column, cell), String(cell)];
  });
}
