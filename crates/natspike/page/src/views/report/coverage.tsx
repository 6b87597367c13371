/**
 * How sure the figures are: coverage, the legs of a gateway, records, ranges,
 * and what changed.
 */
import type { Count, Json, Report } from "../../api/types.ts";
import { exactBytes, integer, percent } from "../../format/bytes.ts";
import { span, time } from "../../format/time.ts";
import { JsonView } from "../../parts/json-view.tsx";

const LEGS: { name: keyof Report["bytes"]; what: string; billed: boolean }[] = [
  { name: "in_from_source", what: "from the workload into the gateway", billed: true },
  { name: "out_to_destination", what: "from the gateway to the destination", billed: false },
  { name: "in_from_destination", what: "from the destination into the gateway", billed: false },
  { name: "out_to_source", what: "from the gateway to the workload", billed: true },
];

export function Coverage({ report }: { report: Report }) {
  return (
    <div class="stack columns">
      <section>
        <h2>Coverage</h2>
        <Covered report={report} />
      </section>
      <section>
        <h2>Legs</h2>
        <p class="sentence hint">
          A flow log sees each byte twice, on its way into the gateway and out of it. Each is billed
          once: the legs at the workload's side are counted, the others check them.
        </p>
        <Terms
          label="Legs"
          rows={[
            ...LEGS.map(
              ({ name, what, billed }): Row => [
                name,
                exactBytes(report.bytes[name]),
                billed ? `${what}; counted` : what,
              ],
            ),
            ["processed", exactBytes(report.bytes.processed), "what is billed"],
            ["unsolicited", exactBytes(report.unsolicited.bytes), unsolicited(report)],
            ["rejected", exactBytes(report.bytes.rejected), "not billed"],
            ["other", exactBytes(report.bytes.other), "not billed"],
          ]}
        />
      </section>
      <section>
        <h2>Records</h2>
        <Terms label="Records" rows={records(report)} />
        <p class="hint">
          AWS's prefixes are of {report.aws_ranges.created} ({report.aws_ranges.source}).
        </p>
      </section>
      <Changed title="More than usual" value={report.increase} />
      <Changed title="Since the last recording" value={report.since_last} />
    </div>
  );
}

function Covered({ report }: { report: Report }) {
  const { coverage } = report;
  if (!coverage) {
    return (
      <p class="sentence">
        Unknown: no metrics of the gateway are at hand for this time. A recording of the stack has
        them; at the desk a bundle of the recording has.
      </p>
    );
  }
  const isLow = coverage.share < coverage.floor;
  return (
    <>
      <p class="sentence">
        The records have {percent(coverage.share)} of the bytes that CloudWatch counted,{" "}
        {span(coverage.from, coverage.to)}.{" "}
        {isLow
          ? `That is below ${percent(coverage.floor)}: shares may mislead, and no saving is said.`
          : ""}
      </p>
      <Terms
        label="Coverage"
        rows={[
          ["recorded", exactBytes(coverage.recorded), "billed by the records"],
          ["counted", exactBytes(coverage.counted), "by CloudWatch's metrics"],
        ]}
      />
    </>
  );
}

type Row = [string, string, string];

function Terms({ label, rows }: { label: string; rows: Row[] }) {
  return (
    <div class="table-scroll" role="region" tabIndex={0} aria-label={label}>
      <table>
        <caption class="unseen">{label}</caption>
        <tbody>
          {rows.map(([name, value, what]) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td class="number">{value}</td>
              <td class="hint">{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function unsolicited({ unsolicited }: Report): string {
  return `from ${integer(unsolicited.addresses)} addresses in ${integer(unsolicited.records)} records that nobody had asked for`;
}

const RECORDS: [keyof Report["records"], string][] = [
  ["read", "lines"],
  ["parsed", "understood"],
  ["nodata", "NODATA: nothing passed"],
  ["skipdata", "SKIPDATA: AWS left records out"],
  ["malformed", "not understood"],
  ["rejected", "rejected by a security group or network ACL"],
];

function records(report: Report): Row[] {
  return RECORDS.map(([name, what]) => [name, integer(report.records[name]), what]);
}

/** What is more than before; nothing where that is not known. */
function Changed({ title, value }: { title: string; value: Json }) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return null;
  }
  const sentence = "baseline" in value ? usual(value) : undefined;
  return (
    <section>
      <h2>{title}</h2>
      {sentence ? <p class="sentence">{sentence}</p> : <New value={value} />}
      <details>
        <summary>All of it as JSON</summary>
        <JsonView value={value} name={`${title.toLowerCase()}.json`} depth={2} />
      </details>
    </section>
  );
}

function usual(value: { [key: string]: Json }): string {
  const baseline = value.baseline as { bytes_per_minute: Count; from: number; to: number };
  const [recorded, more] = [value.recorded as Count, value.bytes as Count];
  return `Usual were ${exactBytes(baseline.bytes_per_minute)} a minute, ${span(baseline.from, baseline.to)}. Recorded were ${exactBytes(recorded)}; that is ${exactBytes(more)} more.`;
}

function New({ value }: { value: { [key: string]: Json } }) {
  const rows = (Array.isArray(value.new) ? value.new : []) as unknown as {
    kind: string;
    name: string;
    bytes: Count;
  }[];
  const from = typeof value.from === "number" ? time(value.from) : "an unknown time";
  return (
    <>
      <p class="sentence">
        {rows.length === 0 ? "Nothing is new" : `${rows.length} are new`} since the recording of{" "}
        {from}.
      </p>
      <Terms
        label="New"
        rows={rows.map((row): Row => [row.name, exactBytes(row.bytes), row.kind])}
      />
    </>
  );
}
