/**
 * One table of an investigation: sorted, searched and paged in the page, which has all
 * its rows already.
 *
 * **Invariants.** No figure is made here: totals and what is cut are the server's.
 */
import { useMemo } from "preact/hooks";
import type { FoundRow, FoundTable, Investigation } from "../../api/types.ts";
import { bytes, exactBytes, integer } from "../../format/bytes.ts";
import { type Column, DataTable, type Way, withSecond } from "../../parts/data-table.tsx";
import { notFilter } from "../../parts/filter-term.ts";
import { Icon } from "../../parts/icon.tsx";
import { useNarrow } from "../../parts/narrow.ts";
import { go, href, params, setParams } from "../../state/location.ts";
import { askAgain, asReport } from "./again.ts";
import { exactly, heading, isNumber, packets, serviceOf, shownCell, written } from "./cells.tsx";
import { csvOf } from "./csv.ts";
import { isRanked, mostOf, searched, sorted, thousandths } from "./rows.ts";
import { Search } from "./search.tsx";
import { chosen, FACETS, nameOf, PAGE, showing, shownOf, valuesOf } from "./shown.ts";
import { Talkers } from "./talkers.tsx";
import { narrowed, termOf, termsOf } from "./terms.ts";

const REPLACE = { replace: true };
/** Of so few rows nobody searches one. */
const FEW = 10;

export function FoundTableView({ found, table }: { found: Investigation; table: FoundTable }) {
  const name = nameOf(table);
  const shown = shownOf(table, params.value);
  // A table may have a hundred thousand rows, and every letter of a search draws it anew.
  const rows = useMemo(() => {
    const inLists = chosen(table, table.rows, shown.facets);
    const matching = searched(inLists, shown.search, (row) => written(table, row));
    return sorted(table, matching, shown.order);
  }, [table, shown.sort, shown.order.descending, shown.search, JSON.stringify(shown.facets)]);
  const isNarrow = useNarrow(900);
  const columns = useMemo(() => {
    const all = columnsOf(found, table);
    return isNarrow ? withSecond(all, found.question.by) : all;
  }, [found, table, isNarrow]);
  const ranking = useMemo(() => rankedBy(found, table), [found, table]);
  const offset = shown.offset < rows.length ? shown.offset : 0;
  const onTerm = (term: string, way: Way) => {
    const added = way === "only" ? term : notFilter(term);
    go("investigate", askAgain(found, narrowed(found.question.filter, [added])));
  };
  return (
    <section class="panel found" aria-labelledby={`found-${name}`}>
      <h2 id={`found-${name}`} tabIndex={-1}>
        {table.title}
      </h2>
      <p class="sentence hint">{table.about}</p>
      {table.analysis === "top-talkers" ? <Talkers table={table} /> : null}
      <DataTable
        caption={`${integer(rows.length)} of ${integer(table.rows.length)} rows of ${table.title}`}
        columns={columns}
        rows={rows.slice(offset, offset + PAGE)}
        total={rows.length}
        offset={offset}
        limit={PAGE}
        sort={shown.sort === "ranking" ? ranking : shown.sort}
        order={shown.order.descending ? "desc" : "asc"}
        onSort={(key, order) => setParams(showing(table, { sort: `${key}:${order}` }), REPLACE)}
        onPage={(to) => setParams(showing(table, { offset: to }), REPLACE)}
        onTerm={onTerm}
        rowItems={(row) => itemsOf(found, table, row)}
        tools={<Tools table={table} rows={rows} search={shown.search} />}
        empty="No row has that. Clear the search to see all."
      />
      <Totals found={found} table={table} />
    </section>
  );
}

/** What the rows are ranked by as they come; some tables are in the order of time. */
function rankedBy({ question }: Investigation, table: FoundTable): string | undefined {
  return isRanked(table.rows, question.by) ? question.by : undefined;
}

function Tools({ table, rows, search }: { table: FoundTable; rows: FoundRow[]; search: string }) {
  const facets = useMemo(
    () => FACETS.map((facet) => ({ facet, values: valuesOf(table, facet) })),
    [table],
  );
  const shown = shownOf(table, params.value);
  return (
    <>
      {facets
        .filter(({ values }) => values.length > 1)
        .map(({ facet, values }) => (
          <select
            key={facet}
            class="facet"
            aria-label={`Only rows of one ${facet}`}
            value={shown.facets[facet] ?? "all:"}
            onChange={(event) => {
              const value = event.currentTarget.value;
              const to = value === "all:" ? null : value;
              setParams(showing(table, { facet: [facet, to] }), REPLACE);
            }}
          >
            <option value="all:">{`every ${facet}`}</option>
            {values
              .filter(({ value }) => value !== "")
              .map(({ value, rows }) => (
                <option key={value} value={value}>
                  {`${value} (${integer(rows)} rows)`}
                </option>
              ))}
          </select>
        ))}
      {table.rows.length > FEW || search ? (
        <Search
          label={`Search in ${table.title}`}
          value={search}
          onSearch={(text) => setParams(showing(table, { search: text }), REPLACE)}
        />
      ) : null}
      <button
        type="button"
        class="button button-small button-quiet"
        aria-label={`CSV of ${table.title}, as it is shown`}
        onClick={() => download(`${nameOf(table)}.csv`, csvOf(table, rows))}
      >
        <Icon name="download" /> CSV
      </button>
    </>
  );
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function columnsOf(found: Investigation, table: FoundTable): Column<FoundRow>[] {
  const service = serviceOf(table);
  // A column that says nothing of any row is in the CSV and the JSON alone.
  const isEmpty = (place: number) => table.rows.every((row) => (row.cells[place] ?? null) === null);
  const keys = table.columns.flatMap((column, place): Column<FoundRow>[] =>
    place === service || isEmpty(place)
      ? []
      : [
          {
            key: String(place),
            label: heading(column),
            number: isNumber(column),
            sortable: true,
            render: (row) => shownCell(table, place, row),
            title: (row) => exactly(column, row.cells[place] ?? null),
            term: (row) => termOf(table, place, row),
          },
        ],
  );
  const organization: Column<FoundRow> = {
    key: "organization",
    label: "organization",
    sortable: true,
    wide: true,
    render: (row) => row.organization ?? "-",
  };
  const hasOrganizations = table.rows.some((row) => row.organization);
  return [...keys, ...(hasOrganizations ? [organization] : []), ...figures(found, table)];
}

/** Bytes, packets and flows; the one that ranks with a bar. */
function figures(found: Investigation, table: FoundTable): Column<FoundRow>[] {
  const by = found.question.by;
  const most = mostOf(table.rows, by);
  const words = {
    bytes: (row: FoundRow) => bytes(row.sums.bytes),
    packets: (row: FoundRow) => packets(row.sums),
    flows: (row: FoundRow) => integer(row.sums.flows),
  };
  return (["bytes", "packets", "flows"] as const).map((sum) => ({
    key: sum,
    label: sum,
    number: true,
    sortable: true,
    title: (row) => (sum === "bytes" ? exactBytes(row.sums.bytes) : undefined),
    render: (row) =>
      sum === by ? (
        <span class="with-bar">
          {words[sum](row)}
          <Bar part={thousandths(row.sums[sum], most)} />
        </span>
      ) : (
        words[sum](row)
      ),
  }));
}

/** A part of the largest row in thousandths, as a bar. */
function Bar({ part }: { part: number }) {
  return (
    <svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-whole" width="1000" height="10" />
      <rect class="bar-part" width={part} height="10" />
    </svg>
  );
}

function itemsOf(found: Investigation, table: FoundTable, row: FoundRow) {
  const terms = termsOf(table, row);
  if (terms.length === 0) {
    return [];
  }
  const where = narrowed(found.question.filter, terms);
  const note = <code class="menu-note">{terms.join(" and ")}</code>;
  return [
    {
      label: <>Investigate only this {note}</>,
      href: href("investigate", askAgain(found, where)),
    },
    {
      label: <>Open as a report with this filter {note}</>,
      href: asReport(found, where),
    },
  ];
}

function Totals({ found, table }: { found: Investigation; table: FoundTable }) {
  const { rest, total } = table;
  const limit = found.question.limit;
  return (
    <dl class="totals">
      {rest ? (
        <div>
          <dt>{`Rows that are not here (limit ${integer(limit)})`}</dt>
          <dd title={exactBytes(rest.bytes)}>
            {`${bytes(rest.bytes)} · ${packets(rest)} packets · ${integer(rest.flows)} flows`}
          </dd>
        </div>
      ) : null}
      <div>
        <dt>All rows</dt>
        <dd title={exactBytes(total.bytes)}>
          {`${bytes(total.bytes)} · ${packets(total)} packets · ${integer(total.flows)} flows`}
        </dd>
      </div>
    </dl>
  );
}
