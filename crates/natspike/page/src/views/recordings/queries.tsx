/**
 * The history of investigations at the desk: recalled by a click, or by an id.
 *
 * **Invariants.** It is the server's audit log, newest first; what is typed looks in the
 * queries that are here, and an id that is not here is asked for all the same.
 */
import { useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import type { History } from "../../api/types.ts";
import { integer } from "../../format/bytes.ts";
import { milliseconds, time } from "../../format/time.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Icon } from "../../parts/icon.tsx";
import { JsonLink } from "../../parts/json-link.tsx";
import { Empty, Notice, Problem } from "../../parts/notice.tsx";
import { useLoaded } from "../../parts/pickers/loading.ts";
import { go, href, params, setParams } from "../../state/location.ts";
import { beginning } from "./beginning.ts";

type Query = History["queries"][number];

const AT_FIRST = 50;
const PAGE = 20;

export function Queries() {
  const limit = Number(params.value.get("queries") ?? AT_FIRST) || AT_FIRST;
  const history = useLoaded(`history ${limit}`, (signal) =>
    api.get<History>("/queries", { limit }, { signal }),
  );
  const [offset, setOffset] = useState(0);
  const queries = history.value?.queries ?? [];
  const older = history.value?.older ?? 0;
  return (
    <section class="panel" aria-labelledby="history">
      <div class="panel-head">
        <h2 id="history">Investigations at this desk</h2>
        <FindById queries={queries} />
        <JsonLink path={`/queries?limit=${limit}`} of="the investigations" />
      </div>
      {history.problem ? <Problem error={history.problem} retry={history.again} /> : null}
      {!history.value && !history.problem ? <p class="hint">Reading the history…</p> : null}
      {history.value && queries.length === 0 ? (
        <Empty
          title="Nothing was investigated yet."
          action={
            <a class="button" href={href("investigate")}>
              Investigate
            </a>
          }
        />
      ) : null}
      {queries.length > 0 ? (
        <DataTable
          caption={`Kept in ${history.value?.folder ?? "the state folder"}`}
          columns={COLUMNS}
          rows={queries.slice(offset, offset + PAGE)}
          rowKey={(query) => query.id}
          total={queries.length}
          offset={offset}
          limit={PAGE}
          onPage={setOffset}
          onRow={(query) => go(`query/${encodeURIComponent(query.id)}`)}
        />
      ) : null}
      {older > 0 ? (
        <button
          type="button"
          class="button button-small more"
          onClick={() => setParams({ queries: limit * 4 }, { replace: true })}
        >
          {`Show ${integer(older)} older`}
        </button>
      ) : null}
      {(history.value?.unreadable_lines ?? 0) > 0 ? (
        <Notice
          kind="warning"
          title={`${history.value?.unreadable_lines} lines of the audit log cannot be read.`}
        />
      ) : null}
    </section>
  );
}

const COLUMNS: Column<Query>[] = [
  {
    key: "id",
    label: "Id",
    render: (query) => (
      <a class="mono" href={href(`query/${encodeURIComponent(query.id)}`)}>
        {query.id}
      </a>
    ),
  },
  { key: "analysis", label: "Analysis", wide: true },
  {
    key: "sources",
    label: "Sources",
    wide: true,
    title: (query) => query.sources.join("\n"),
    render: (query) => <span class="mono">{query.sources.join(", ")}</span>,
  },
  { key: "at", label: "When", render: (query) => time(query.at) },
  { key: "outcome", label: "Outcome", wide: true, render: (query) => <Outcome query={query} /> },
  {
    key: "records",
    label: "Records",
    number: true,
    render: (query) => (query.records === null ? "-" : integer(query.records)),
  },
  {
    key: "rows",
    label: "Rows",
    number: true,
    render: (query) => (query.rows === null ? "-" : integer(query.rows)),
  },
  {
    key: "milliseconds",
    label: "Took",
    number: true,
    render: (query) => (query.milliseconds === null ? "-" : milliseconds(query.milliseconds)),
  },
];

function Outcome({ query }: { query: Query }) {
  if (query.outcome === "done") {
    return <span class="badge badge-good">done</span>;
  }
  if (query.outcome === null) {
    return <span class="badge">did not end</span>;
  }
  return (
    <>
      <span class="badge badge-bad">{query.outcome}</span>
      {query.error ? <span class="hint"> {query.error}</span> : null}
    </>
  );
}

function FindById({ queries }: { queries: readonly Query[] }) {
  const [typed, setTyped] = useState("");
  const fits = beginning(queries, typed);
  const find = () => {
    const id = fits.length === 1 ? fits[0]?.id : typed.trim();
    if (id) {
      go(`query/${encodeURIComponent(id)}`);
    }
  };
  const said =
    typed.trim() === "" || fits.length === 1
      ? ""
      : fits.length === 0
        ? "None of those below; Find asks for it."
        : `${fits.length} begin so; type more of it.`;
  return (
    <form
      class="with-button find-id"
      onSubmit={(event) => {
        event.preventDefault();
        find();
      }}
    >
      <span class="hint" role="status">
        {said}
      </span>
      <input
        type="search"
        aria-label="Id of a query, or its beginning"
        placeholder="Id, or its beginning"
        spellcheck={false}
        autocomplete="off"
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <button type="submit" class="button button-small" disabled={typed.trim() === ""}>
        <Icon name="next" size={12} /> Find
      </button>
    </form>
  );
}
