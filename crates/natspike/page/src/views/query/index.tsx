/**
 * The view `query`: what one investigation found, recalled by its id.
 *
 * **Invariants.** It is shown from the kept result alone, so a recalled one looks as it
 * did when it ended.
 */
import type { ComponentChildren } from "preact";
import { address, api, type Problem as Failure } from "../../api/client.ts";
import type { History, Investigation } from "../../api/types.ts";
import { integer } from "../../format/bytes.ts";
import { time } from "../../format/time.ts";
import { Icon } from "../../parts/icon.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Menu } from "../../parts/menu.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { useLoaded } from "../../parts/pickers/loading.ts";
import { SourceName } from "../../parts/pickers/source-list.tsx";
import { useTitle } from "../../parts/pickers/title.ts";
import { Tabs } from "../../parts/tabs.tsx";
import { href, params, rest, setParams } from "../../state/location.ts";
import { beginning } from "../recordings/beginning.ts";
import { askAgain, asReport } from "./again.ts";
import { FoundTableView } from "./found-table.tsx";
import { nameOf } from "./shown.ts";

/** Facts that take a sentence. */
const LONG = ["Legs", "Records"];
/** A table of contents from so many tables on. */
const MANY = 3;

export function QueryView() {
  const id = rest.value;
  const found = useLoaded(`query ${id}`, (signal) =>
    api.get<Investigation>(`/queries/${encodeURIComponent(id)}`, {}, { signal }),
  );
  if (found.problem) {
    return <NoResult id={id} problem={found.problem} again={found.again} />;
  }
  if (!found.value) {
    return (
      <div class="stack">
        <h1>Query {id}</h1>
        <p class="hint">Asking for what it found…</p>
      </div>
    );
  }
  return <Result id={id} found={found.value} />;
}

function Result({ id, found }: { id: string; found: Investigation }) {
  useTitle(`${found.question.analysis} ${id}`);
  const view = params.value.get("view") === "json" ? "json" : "tables";
  const where = found.question.filter;
  const forms = ["csv", "markdown", "json"].map((form) => ({
    label: { csv: "CSV", markdown: "Markdown", json: "JSON" }[form],
    href: address(`/queries/${encodeURIComponent(id)}`, { form }),
    download: true,
  }));
  return (
    <div class="stack">
      <div class="panel-head">
        <h1>
          {found.question.analysis === "all" ? "All analyses" : found.question.analysis}{" "}
          <code class="badge">{id}</code>
        </h1>
        <div class="buttons">
          <a class="button" href={href("investigate", askAgain(found, where))}>
            <Icon name="refresh" /> Ask again or change
          </a>
          <a class="button" href={asReport(found, where)}>
            Open as a report
          </a>
          <Menu items={forms}>
            <Icon name="download" /> Download
          </Menu>
        </div>
      </div>
      <Asked found={found} />
      {found.warnings.map((warning) => (
        <Notice key={warning} kind="warning" title={warning} />
      ))}
      <Tabs
        label="Form"
        tabs={[
          { key: "tables", label: "Tables" },
          { key: "json", label: "JSON" },
        ]}
        current={view}
        onChange={(key) => setParams({ view: key === "json" ? key : null }, { replace: true })}
      >
        {view === "json" ? (
          <JsonView value={found} name={`natspike-${id}.json`} />
        ) : (
          <Tables found={found} />
        )}
      </Tabs>
    </div>
  );
}

function Tables({ found }: { found: Investigation }) {
  const [full, empty] = [true, false].map((has) =>
    found.tables.filter((table) => table.rows.length > 0 === has),
  ) as [Investigation["tables"], Investigation["tables"]];
  return (
    <div class={full.length > MANY ? "found-all found-with-contents" : "found-all"}>
      {full.length > MANY ? <Contents tables={full} /> : null}
      <div class="stack">
        {full.map((table) => (
          <FoundTableView key={nameOf(table)} found={found} table={table} />
        ))}
        {empty.length > 0 ? <NothingBy found={found} tables={empty} /> : null}
      </div>
    </div>
  );
}

function Contents({ tables }: { tables: Investigation["tables"] }) {
  const show = (name: string) => {
    const title = document.getElementById(`found-${name}`);
    title?.scrollIntoView({ block: "start" });
    title?.focus({ preventScroll: true });
  };
  return (
    <nav class="contents" aria-label="Tables">
      <ul>
        {tables.map((table) => (
          <li key={nameOf(table)}>
            <button type="button" onClick={() => show(nameOf(table))}>
              <span>{table.title}</span>
              <span class="hint">{integer(table.rows.length)}</span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function NothingBy({ found, tables }: { found: Investigation; tables: Investigation["tables"] }) {
  const { parsed, left_out } = found.records;
  const why =
    Number(parsed) === 0
      ? "No record has data: NODATA and SKIPDATA say nothing of addresses."
      : parsed === left_out
        ? "Subject, filter and time leave out every record; ask again with fewer of them."
        : "";
  return (
    <details class="panel fold" open={tables.length === found.tables.length}>
      <summary>
        <h2>{`Nothing was found by ${tables.length} of ${found.tables.length}`}</h2>
      </summary>
      {why ? <p>{why}</p> : null}
      <dl class="nothing">
        {tables.map((table) => (
          <div key={nameOf(table)}>
            <dt>{table.title}</dt>
            <dd class="hint">{table.about}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** What was asked and read. */
function Asked({ found }: { found: Investigation }) {
  const { question, records, legs } = found;
  const or = (all: string[], none: string) => (all.length > 0 ? all.join(", ") : none);
  const facts: [string, ComponentChildren][] = [
    [
      "Read",
      question.sources.map((source, at) => (
        <span key={source}>
          {at > 0 ? ", " : ""}
          <SourceName source={source} />
        </span>
      )),
    ],
    ["Subject", or(question.subject, "every private address")],
    ["Inside", or(question.inside, "every private address")],
    ["Filter", question.filter ? <code>{question.filter}</code> : "none"],
    ["Time", timeInWords(question)],
    [
      "Rows",
      `${question.limit === 0 ? "all" : `at most ${integer(question.limit)} a table`}, by ${question.by}`,
    ],
    ["Legs", legs],
    ["Records", countsInWords(records)],
  ];
  return (
    <dl class="facts panel">
      {facts.map(([label, value]) => (
        <div key={label} class={LONG.includes(label) ? "facts-long" : undefined}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function timeInWords({ from, until, times }: Investigation["question"]): string {
  if (times && times.length > 0) {
    return times.map(([start, end]) => `${time(start)} to before ${time(end)}`).join(", ");
  }
  const parts = [
    from === null ? "" : `from ${time(from)}`,
    until === null ? "" : `before ${time(until)}`,
  ];
  return parts.filter(Boolean).join(", ") || "all";
}

/** What became of the lines, each count as the server has it. */
function countsInWords(records: Investigation["records"]): string {
  const names: [string, string][] = [
    ["read", "read"],
    ["parsed", "with data"],
    ["nodata", "NODATA"],
    ["skipdata", "SKIPDATA"],
    ["malformed", "malformed"],
    ["rejected", "rejected"],
    ["left_out", "left out by subject, filter and time"],
  ];
  return names
    .filter(([name]) => records[name] !== undefined)
    .map(([name, words]) => `${integer(records[name])} ${words}`)
    .join(" · ");
}

interface NoResultProps {
  id: string;
  problem: Failure;
  again: () => void;
}

/** What to do about a query that has no result. */
function NoResult({ id, problem, again }: NoResultProps) {
  const history = useLoaded("history", (signal) =>
    api.get<History>("/queries", { limit: 1000 }, { signal }),
  );
  const queries = history.value?.queries ?? [];
  const entry = queries.find((query) => query.id === id);
  const several = entry ? [] : beginning(queries, id);
  const asked = entry && {
    source: entry.sources,
    analysis: entry.analysis === "all" ? [] : entry.analysis.split(/[\s,]+/),
  };
  return (
    <div class="stack">
      <h1>
        Query <code>{id}</code>
      </h1>
      <Problem error={problem} retry={problem.status === 404 ? undefined : again} />
      {entry ? (
        <p class="hint">{`Asked ${time(entry.at)}: ${entry.analysis} of ${entry.sources.join(", ")}.`}</p>
      ) : null}
      {several.length > 0 ? (
        <ul class="entries" aria-label="Queries whose id begins so">
          {several.map((query) => (
            <li class="entry" key={query.id}>
              <a class="mono" href={href(`query/${encodeURIComponent(query.id)}`)}>
                {query.id}
              </a>
              <span class="hint">{`${query.analysis}, ${time(query.at)}`}</span>
            </li>
          ))}
        </ul>
      ) : null}
      <div class="buttons">
        {asked ? (
          <a class="button button-main" href={href("investigate", asked)}>
            Ask it again
          </a>
        ) : null}
        <a class="button" href={href("")}>
          Look in the history
        </a>
      </div>
    </div>
  );
}
