/** Where the bytes go: the flow, or areas by owner or destination; and findings. */
import { useAnswer } from "../../api/answer.ts";
import type { DestinationRow, Flow, Report } from "../../api/types.ts";
import type { Range } from "../../charts/bars.ts";
import { Sankey } from "../../charts/sankey.tsx";
import type { Series } from "../../charts/series.ts";
import { type Tile, Treemap } from "../../charts/treemap.tsx";
import { bytes, toBigInt } from "../../format/bytes.ts";
import { Problem } from "../../parts/notice.tsx";
import { changed, href, params, setParams } from "../../state/location.ts";
import { FindingsInShort } from "./findings.tsx";
import { Largest } from "./largest.tsx";
import { addTerm } from "./place.ts";
import { rowTerm } from "./terms.ts";

const MOST_NODES = 12;
const MOST_TILES = 40;
/** Pairs of source and destination that the server draws. */
const MOST_PAIRS = 500;
const SHOWS = [
  { name: "flow", label: "Flow" },
  { name: "owners", label: "Owners" },
  { name: "destinations", label: "Destinations" },
] as const;

export interface OverviewProps {
  id: string;
  version: number;
  report: Report;
  series: Series;
  range: Range | undefined;
}

export function Overview(props: OverviewProps) {
  const { report } = props;
  const show = params.value.get("show") ?? "flow";
  const findings = href("report", changed(params.value, { tab: "findings" }));
  return (
    <div class="overview">
      <div class="stack">
        <section class="panel">
          <div class="panel-head">
            <h2>Who talks to whom</h2>
            <fieldset class="choices">
              <legend class="unseen">Show as</legend>
              {SHOWS.map((one) => (
                <label key={one.name} class="choice">
                  <input
                    type="radio"
                    name="show"
                    checked={one.name === show}
                    onChange={() =>
                      setParams({ show: one.name === "flow" ? null : one.name }, { replace: true })
                    }
                  />
                  <span>{one.label}</span>
                </label>
              ))}
            </fieldset>
          </div>
          {show === "flow" ? <Bands {...props} /> : <Areas {...props} show={show} />}
        </section>
        <Largest report={report} series={props.series} />
      </div>
      <section class="panel">
        <div class="panel-head">
          <h2>What to do</h2>
        </div>
        <FindingsInShort
          findings={report.findings}
          currency={report.cost.currency}
          href={findings}
        />
      </section>
    </div>
  );
}

function Bands({ id, version, report, series, range }: OverviewProps) {
  const answer = useAnswer<Flow>(`/reports/${id}/flow`, { ...range, most: MOST_NODES }, version);
  if (answer.error && !answer.value) {
    return <Problem error={answer.error} retry={answer.retry} />;
  }
  if (!answer.value) {
    return <p class="hint">Reading…</p>;
  }
  if (answer.value.links.length === 0) {
    return <p class="hint">Nothing was billed in this window. Widen it, or the filter.</p>;
  }
  return (
    <div class={answer.busy ? "dimmed" : undefined}>
      <Sankey
        flow={answer.value}
        series={series}
        currency={report.cost.currency}
        onTerm={addTerm}
      />
      <Drawn flow={answer.value} />
    </div>
  );
}

/** What is not in the diagram. */
function Drawn({ flow }: { flow: Flow }) {
  if (toBigInt(flow.total) >= toBigInt(flow.processed)) {
    return null;
  }
  return (
    <p class="hint">
      The {MOST_PAIRS} largest pairs: {bytes(flow.total)} of {bytes(flow.processed)}. The tables
      have all of them.
    </p>
  );
}

function Areas({ report, series, show }: OverviewProps & { show: string }) {
  const tiles = show === "owners" ? owners(report) : destinations(report, series);
  const many = show === "owners" ? ownersThere(report) : (report.totals?.destinations ?? 0);
  if (tiles.length === 0) {
    return <p class="hint">Nothing was billed in this window. Widen it, or the filter.</p>;
  }
  return (
    <Treemap
      label={show === "owners" ? "Bytes by owner" : "Bytes by destination"}
      tiles={tiles}
      many={many}
      onTerm={addTerm}
    />
  );
}

function ownersThere(report: Report): number {
  return report.totals?.[report.groups.length > 0 ? "groups" : "sources"] ?? 0;
}

/** Owners, or addresses where no owner is known. */
function owners(report: Report): Tile[] {
  if (report.groups.length === 0) {
    return report.sources.slice(0, MOST_TILES).map((row) => ({
      key: row.address,
      label: row.name ?? row.address,
      note: row.address,
      bytes: row.bytes,
      share: row.share ?? null,
      look: "series series-end",
      term: rowTerm("sources", row, report),
    }));
  }
  return report.groups.slice(0, MOST_TILES).map((row) => ({
    key: row.full,
    label: row.name ?? "unknown",
    note: row.full,
    bytes: row.bytes,
    share: row.share ?? null,
    look: "series series-end",
    term: rowTerm("groups", row, report),
  }));
}

function destinations(report: Report, series: Series): Tile[] {
  return report.destinations.slice(0, MOST_TILES).map((row: DestinationRow) => ({
    key: row.address,
    label: row.name ?? row.address,
    note: [row.address, row.aws_service, row.aws_region].filter(Boolean).join(", "),
    bytes: row.bytes,
    share: row.share ?? null,
    look: series(row.aws_service),
    term: rowTerm("destinations", row, report),
  }));
}
