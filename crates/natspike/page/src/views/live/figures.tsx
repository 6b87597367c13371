/**
 * What a recording shows so far: what an hour costs, bytes by time, who and to whom.
 *
 * **Invariants.** The figures are the report's; nothing is added up here.
 */

import type { DestinationRow, Moved, Report, SourceRow } from "../../api/types.ts";
import { seriesOf, serviceName } from "../../charts/series.ts";
import { Timeline } from "../../charts/timeline.tsx";
import { bytes, exactBytes, integer, percent } from "../../format/bytes.ts";
import { exactMoney, money } from "../../format/money.ts";
import { type Column, DataTable, type Way } from "../../parts/data-table.tsx";
import { notFilter } from "../../parts/filter-term.ts";
import { Empty } from "../../parts/notice.tsx";
import { go } from "../../state/location.ts";
import { reportParams } from "../../state/report-address.ts";
import { addressTerm } from "../report/terms.ts";

export function Figures({ report, source }: { report: Report; source: string }) {
  if (report.timeline.points.length === 0) {
    return (
      <Empty title="No record has arrived yet.">
        The first come some ten minutes after a flow log is switched on. This page goes on reading.
      </Empty>
    );
  }
  const { cost, timeline } = report;
  const isAtLeast = cost.full_is_without.length > 0 && cost.full_per_hour !== null;
  const onTerm = (term: string, way: Way) =>
    go("report", reportParams([source], { where: way === "only" ? term : notFilter(term) }));
  return (
    <>
      <dl class="so-far">
        <div>
          <dt>An hour, so far</dt>
          <dd title={exactMoney(cost.full_per_hour, cost.currency)}>
            {isAtLeast ? "at least " : ""}
            {money(cost.full_per_hour, cost.currency)}
          </dd>
        </div>
        <div>
          <dt>Processed</dt>
          <dd title={exactBytes(report.bytes.processed)}>{bytes(report.bytes.processed)}</dd>
        </div>
        <div>
          <dt>Records</dt>
          <dd>{integer(report.records.parsed)}</dd>
        </div>
      </dl>
      <section class="panel" aria-labelledby="live-time">
        <h2 id="live-time" class="panel-head">
          Bytes by time and AWS service
        </h2>
        <Timeline
          data={timeline}
          series={seriesOf(timeline.services)}
          range={undefined}
          lit={undefined}
          onRange={(range) =>
            range &&
            go("report", { ...reportParams([source]), from: range.from, until: range.until })
          }
        />
        <ul class="legend" aria-label="AWS services">
          {timeline.services.map((service) => (
            <li key={serviceName(service)} class="legend-item">
              <span class={`swatch ${seriesOf(timeline.services)(service)}`} />
              {serviceName(service)}
            </li>
          ))}
        </ul>
        <p class="hint">Draw a window to open the report of it.</p>
      </section>
      <div class="two">
        <section class="panel">
          <DataTable
            caption="Top sources"
            columns={[SOURCE, ...moved<SourceRow>(cost.currency)]}
            rows={report.sources}
            rowKey={(row) => row.address}
            onTerm={onTerm}
            empty="None yet."
          />
        </section>
        <section class="panel">
          <DataTable
            caption="Top destinations"
            columns={[DESTINATION, ...moved<DestinationRow>(cost.currency)]}
            rows={report.destinations}
            rowKey={(row) => row.address}
            onTerm={onTerm}
            empty="None yet."
          />
        </section>
      </div>
    </>
  );
}

const SOURCE: Column<SourceRow> = {
  key: "address",
  label: "Source",
  wide: true,
  render: (row) => <Named address={row.address} about={row.owner?.label ?? row.name} />,
  term: (row) => row.filter ?? addressTerm(row.address),
};

const DESTINATION: Column<DestinationRow> = {
  key: "address",
  label: "Destination",
  wide: true,
  render: (row) => <Named address={row.address} about={row.name ?? row.aws_service} />,
  term: (row) => row.filter ?? addressTerm(row.address),
};

function Named({ address, about }: { address: string; about: string | null | undefined }) {
  return (
    <>
      <span class="mono">{address}</span> {about ? <span class="hint">{about}</span> : null}
    </>
  );
}

function moved<Row extends Moved>(currency: string): Column<Row>[] {
  return [
    {
      key: "bytes",
      label: "Bytes",
      number: true,
      title: (row) => exactBytes(row.bytes),
      render: (row) => bytes(row.bytes),
    },
    { key: "share", label: "Share", number: true, render: (row) => percent(row.share) },
    {
      key: "cost",
      label: "Cost",
      number: true,
      title: (row) => exactMoney(row.cost, currency),
      render: (row) => money(row.cost, currency),
    },
  ];
}
