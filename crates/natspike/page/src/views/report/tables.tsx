/** The lists of a report as tables: sorted, searched and paged by the server. */
import { useEffect, useState } from "preact/hooks";
import { useAnswer } from "../../api/answer.ts";
import { address } from "../../api/client.ts";
import type { ListName, Moved, Report, Rows } from "../../api/types.ts";
import type { Range } from "../../charts/bars.ts";
import type { Series } from "../../charts/series.ts";
import { DataTable, type Order, withSecond } from "../../parts/data-table.tsx";
import { andFilter } from "../../parts/filter-term.ts";
import type { MenuItem } from "../../parts/menu.tsx";
import { useNarrow } from "../../parts/narrow.ts";
import { Empty, Problem } from "../../parts/notice.tsx";
import { params, setParams } from "../../state/location.ts";
import { askedOf, investigateHref } from "../../state/report-address.ts";
import { columnsOf, LISTS } from "./lists.tsx";
import { addTerm } from "./place.ts";
import { rowTerm } from "./terms.ts";

const LIMIT = 25;
const PAUSE_MILLISECONDS = 200;

export interface TablesProps {
  id: string;
  version: number;
  report: Report;
  series: Series;
  range: Range | undefined;
}

export function Tables(props: TablesProps) {
  const { report } = props;
  const first = report.groups.length > 0 ? "groups" : "sources";
  const asked = params.value.get("list") ?? first;
  const list = LISTS.find((one) => one.name === asked) ?? LISTS[1];
  return list ? (
    <div class="tables">
      <fieldset class="choices">
        <legend class="unseen">Rows by</legend>
        {LISTS.map((one) => (
          <label key={one.name} class="choice">
            <input
              type="radio"
              name="list"
              checked={one.name === list.name}
              onChange={() =>
                setParams(
                  { list: one.name, sort: null, order: null, offset: null, search: null },
                  { replace: true },
                )
              }
            />
            <span>
              {one.label} <span class="tab-count">{report.totals?.[one.name] ?? ""}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Table key={list.name} name={list.name} about={list.about} {...props} />
    </div>
  ) : null;
}

interface TableProps extends TablesProps {
  name: ListName;
  about: string;
}

function Table({ id, version, report, series, range, name, about }: TableProps) {
  const query = params.value;
  const sort = query.get("sort") ?? "bytes";
  const order: Order = query.get("order") === "asc" ? "asc" : "desc";
  const offset = Number(query.get("offset") ?? 0) || 0;
  const search = query.get("search") ?? "";
  const isNarrow = useNarrow(900);
  const columns = columnsOf(name, report, series);
  const path = `/reports/${id}/rows/${name}`;
  const asked = { ...range, sort, order, search };
  const answer = useAnswer<Rows<Moved & Record<string, unknown>>>(
    path,
    { ...asked, offset, limit: LIMIT },
    version,
  );
  if (answer.error && !answer.value) {
    return <Problem error={answer.error} retry={answer.retry} />;
  }
  return (
    <DataTable
      columns={isNarrow ? withSecond(columns, "bytes") : columns}
      rows={answer.value?.rows ?? []}
      total={answer.value?.matching}
      offset={offset}
      limit={LIMIT}
      sort={sort}
      order={order}
      busy={answer.busy}
      caption={about}
      csvHref={address(path, { ...asked, form: "csv" })}
      onSort={(key, next) => setParams({ sort: key, order: next, offset: null }, { replace: true })}
      onPage={(next) => setParams({ offset: next || null }, { replace: true })}
      onTerm={addTerm}
      rowTerm={(row) => rowTerm(name, row, report)}
      rowItems={(row) => investigation(rowTerm(name, row, report), range)}
      tools={<Search value={search} />}
      empty={<NoRows name={name} isBusy={answer.busy} search={search} />}
    />
  );
}

/** The way from a row to the investigation of its records. */
function investigation(term: string | null, range: Range | undefined): MenuItem[] {
  if (term === null) {
    return [];
  }
  const asked = askedOf(params.value);
  const where = andFilter(asked.options.where ?? "", term);
  const options = { ...asked.options, where };
  return [{ label: "Investigate this", href: investigateHref({ ...asked, options }, range) }];
}

/** Searches after a pause. */
function Search({ value }: { value: string }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    const timer = setTimeout(
      () => text !== value && setParams({ search: text, offset: null }, { replace: true }),
      PAUSE_MILLISECONDS,
    );
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <input
      type="search"
      class="search"
      aria-label="Search the rows"
      placeholder="Search the rows"
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
    />
  );
}

/** What would have to be there for a list to have rows. */
const NEEDED: Partial<Record<ListName, string>> = {
  groups:
    "No owner of a source is known. Give a snapshot of the alarm, or let natspike look them up.",
  zones: "No snapshot says in which zones the workloads are.",
  named_destinations: "No name of a destination is known. Names come from queries of the resolver.",
};

function NoRows({ name, isBusy, search }: { name: ListName; isBusy: boolean; search: string }) {
  if (isBusy) {
    return <p>Reading…</p>;
  }
  return search ? (
    <Empty title={`No row has “${search}”`}>Search for something else, or clear the field.</Empty>
  ) : (
    <Empty title="No rows">{NEEDED[name] ?? "Widen the window or the filter."}</Empty>
  );
}
