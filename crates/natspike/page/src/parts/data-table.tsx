/**
 * A table whose rows the server sorts and pages.
 *
 * **Invariants.** Rows are shown in the order in which they come. A column with
 * a `term` offers to filter by what its cell says; nothing is filtered here.
 */
import type { ComponentChildren } from "preact";
import { integer } from "../format/bytes.ts";
import { notFilter } from "./filter-term.ts";
import { Icon } from "./icon.tsx";
import { Menu, type MenuItem } from "./menu.tsx";

export type Order = "asc" | "desc";
/** Whether a term is added as it is, or its contrary. */
export type Way = "only" | "without";

export interface Column<Row> {
  /** The column's name in `sort`, and the row's field where `render` is not given. */
  key: string;
  label: ComponentChildren;
  /** Numbers stand to the right with figures of one width. */
  number?: boolean;
  sortable?: boolean;
  render?: (row: Row) => ComponentChildren;
  /** All digits, or what was cut. */
  title?: (row: Row) => string | undefined;
  /** The filter for what the cell says; null where there is none. */
  term?: (row: Row) => string | null;
  /** May break into lines and take what room there is. */
  wide?: boolean;
}

export interface DataTableProps<Row> {
  columns: Column<Row>[];
  rows: Row[];
  /** All rows that there are, of which `rows` is one page; left out: no paging. */
  total?: number;
  offset?: number;
  limit?: number;
  sort?: string;
  order?: Order;
  onSort?: (key: string, order: Order) => void;
  onPage?: (offset: number) => void;
  onRow?: (row: Row) => void;
  /** The table's name; shown above it. */
  caption: ComponentChildren;
  csvHref?: string;
  busy?: boolean;
  rowKey?: (row: Row, at: number) => string | number;
  /** Called with the term of a cell or row that the user chose. */
  onTerm?: (term: string, way: Way) => void;
  /** The filter for the whole row. */
  rowTerm?: (row: Row) => string | null;
  /** More entries in a row's menu. */
  rowItems?: (row: Row) => MenuItem[];
  /** What stands beside the caption, e.g. a search field. */
  tools?: ComponentChildren;
  /** What stands in the place of no rows. */
  empty?: ComponentChildren;
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { columns, rows, caption, csvHref, busy, tools, empty } = props;
  const hasMenu = Boolean(props.rowItems || (props.rowTerm && props.onTerm));
  return (
    <div class="table" aria-busy={busy ? "true" : undefined}>
      {tools || csvHref ? (
        <div class="table-tools">
          {tools}
          {csvHref ? (
            <a class="button button-small button-quiet" href={csvHref} download="">
              <Icon name="download" /> CSV
            </a>
          ) : null}
        </div>
      ) : null}
      <section
        class={busy ? "table-scroll dimmed" : "table-scroll"}
        tabIndex={0}
        aria-label={typeof caption === "string" ? caption : "Table"}
      >
        <table>
          <caption>
            <span class="caption">{caption}</span>
          </caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Head key={column.key} column={column} table={props} />
              ))}
              {hasMenu ? (
                <th class="cell-menu" scope="col">
                  <span class="unseen">Actions</span>
                </th>
              ) : null}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr
                key={props.rowKey?.(row, at) ?? at}
                class={props.onRow ? "row-opens" : undefined}
                onClick={
                  props.onRow ? (event) => openRow(event, () => props.onRow?.(row)) : undefined
                }
              >
                {columns.map((column) => (
                  <Cell key={column.key} column={column} row={row} onTerm={props.onTerm} />
                ))}
                {hasMenu ? <RowMenu row={row} table={props} /> : null}
              </tr>
            ))}
          </tbody>
        </table>
        {rows.length === 0 ? <div class="table-empty">{empty ?? "No rows."}</div> : null}
      </section>
      <Pager {...props} />
    </div>
  );
}

/** The column of that name after the first, so that it is in sight on a narrow screen. */
export function withSecond<Row>(columns: Column<Row>[], key: string): Column<Row>[] {
  const [first, ...others] = columns;
  const second = others.filter((column) => column.key === key);
  const rest = others.filter((column) => column.key !== key);
  return first ? [first, ...second, ...rest] : [];
}

/** A click on a row opens it, unless it was meant for what is in it. */
function openRow(event: MouseEvent, open: () => void): void {
  const target = event.target as HTMLElement;
  if (!target.closest("a,button,input,select,label,[role=menu]") && !getSelection()?.toString()) {
    open();
  }
}

function Head<Row>({ column, table }: { column: Column<Row>; table: DataTableProps<Row> }) {
  const { sort, order = "desc", onSort } = table;
  const isSorted = sort === column.key;
  const look = column.number ? "number" : undefined;
  if (!column.sortable || !onSort) {
    return (
      <th scope="col" class={look}>
        {column.label}
      </th>
    );
  }
  const next: Order = isSorted
    ? order === "desc"
      ? "asc"
      : "desc"
    : column.number
      ? "desc"
      : "asc";
  return (
    <th
      scope="col"
      class={look}
      aria-sort={isSorted ? (order === "asc" ? "ascending" : "descending") : "none"}
    >
      <button type="button" class="sort" onClick={() => onSort(column.key, next)}>
        {column.label}
        <span class={isSorted ? "sort-mark" : "sort-mark sort-mark-off"}>
          <Icon name={isSorted && order === "asc" ? "up" : "down"} size={12} />
        </span>
      </button>
    </th>
  );
}

interface CellProps<Row> {
  column: Column<Row>;
  row: Row;
  onTerm: ((term: string, way: Way) => void) | undefined;
}

function Cell<Row>({ column, row, onTerm }: CellProps<Row>) {
  const shown = column.render
    ? column.render(row)
    : String((row as Record<string, unknown>)[column.key] ?? "");
  const term = onTerm ? column.term?.(row) : null;
  const look = [column.number ? "number" : "", column.wide ? "wide" : "", term ? "has-term" : ""]
    .filter(Boolean)
    .join(" ");
  return (
    <td class={look || undefined} title={column.title?.(row)}>
      {shown}
      {term && onTerm ? (
        <Menu class="term" label={`Filter by ${term}`} items={termItems(term, onTerm)}>
          <Icon name="filter" size={12} />
        </Menu>
      ) : null}
    </td>
  );
}

/** The two ways to use a term. */
export function termItems(term: string, onTerm: (term: string, way: Way) => void): MenuItem[] {
  return [
    { label: <TermLabel word="Only this" term={term} />, onSelect: () => onTerm(term, "only") },
    {
      label: <TermLabel word="Without this" term={notFilter(term)} />,
      onSelect: () => onTerm(term, "without"),
    },
  ];
}

function TermLabel({ word, term }: { word: string; term: string }) {
  return (
    <>
      <span>{word}</span> <code class="menu-note">{term}</code>
    </>
  );
}

function RowMenu<Row>({ row, table }: { row: Row; table: DataTableProps<Row> }) {
  const term = table.onTerm ? table.rowTerm?.(row) : null;
  const items = [
    ...(term && table.onTerm ? termItems(term, table.onTerm) : []),
    ...(table.rowItems?.(row) ?? []),
  ];
  return (
    <td class="cell-menu">
      {items.length > 0 ? (
        <Menu class="button button-small button-quiet" label="Actions for this row" items={items}>
          <Icon name="more" />
        </Menu>
      ) : null}
    </td>
  );
}

function Pager<Row>(props: DataTableProps<Row>) {
  const { caption, rows, total, offset = 0, limit = 50, onPage } = props;
  if (total === undefined || !onPage || (total <= limit && offset === 0)) {
    return null;
  }
  const last = offset + rows.length;
  return (
    <nav
      class="pager"
      aria-label={typeof caption === "string" ? `Pages: ${caption}` : "Pages of the table"}
    >
      <button
        type="button"
        class="button button-small"
        disabled={offset === 0}
        onClick={() => onPage(Math.max(0, offset - limit))}
      >
        <Icon name="back" size={12} /> Previous
      </button>
      <span>
        {rows.length > 0 ? `${integer(offset + 1)} to ${integer(last)}` : "none"} of{" "}
        {integer(total)}
      </span>
      <button
        type="button"
        class="button button-small"
        disabled={last >= total}
        onClick={() => onPage(offset + limit)}
      >
        Next <Icon name="next" size={12} />
      </button>
    </nav>
  );
}
