/**
 * One side of a comparison: a report that is open, a recording of the stack, or a
 * report's JSON that is uploaded.
 */
import type { Recording, ReportEntry } from "../../api/types.ts";
import { span, time } from "../../format/time.ts";
import { Field } from "../../parts/field.tsx";
import { optionsInWords } from "../../parts/pickers/asking.ts";
import { changesOf } from "../../parts/pickers/changing.ts";
import { DropZone } from "../../parts/pickers/drop-zone.tsx";
import { Time } from "../../parts/pickers/time.tsx";
import { isoOf, meaning } from "../../parts/pickers/times.ts";
import { uploads } from "../../parts/pickers/uploads.ts";
import { params } from "../../state/location.ts";
import { nameOf } from "../recordings/ended.ts";
import { onPeriod, type SideName, sideOf } from "./sides.ts";

export interface SideProps {
  name: SideName;
  title: string;
  reports: readonly ReportEntry[];
  recordings: readonly Recording[];
}

const change = changesOf("compare");

export function SidePicker({ name, title, reports, recordings }: SideProps) {
  const value = params.value.get(name) ?? "";
  const files = (uploads.value ?? []).filter((upload) => upload.kind === "report");
  const report = reports.find((one) => `report:${one.id}` === value);
  const take = (to: string) =>
    change({ [name]: to, [`${name}-from`]: null, [`${name}-until`]: null });
  const isKnown =
    value === "" ||
    report !== undefined ||
    files.some((file) => `upload:${file.id}` === value) ||
    recordings.some((one) => `recording:${one.execution}` === value);
  return (
    <section class="panel stack" aria-labelledby={`side-${name}`}>
      <h2 id={`side-${name}`}>{title}</h2>
      <Field label="What" hint={report ? aboutReport(report) : undefined}>
        {(ids) => (
          <select {...ids} value={value} onChange={(event) => take(event.currentTarget.value)}>
            <option value="">Choose…</option>
            {isKnown ? null : <option value={value}>{value}</option>}
            {reports.length > 0 ? (
              <optgroup label="Open reports">
                {reports.map((one) => (
                  <option key={one.id} value={`report:${one.id}`} disabled={one.state === "failed"}>
                    {named(one)}
                  </option>
                ))}
              </optgroup>
            ) : null}
            {recordings.length > 0 ? (
              <optgroup label="Recordings of the stack">
                {recordings.map((one) => (
                  <option key={one.execution} value={`recording:${one.execution}`}>
                    {`${nameOf(one)}, ${time(one.started)}`}
                  </option>
                ))}
              </optgroup>
            ) : null}
            {files.length > 0 ? (
              <optgroup label="Uploaded reports">
                {files.map((file) => (
                  <option key={file.id} value={`upload:${file.id}`}>
                    {file.name}
                  </option>
                ))}
              </optgroup>
            ) : null}
          </select>
        )}
      </Field>
      {report ? <Window name={name} report={report} /> : null}
      <details class="fold">
        <summary>Upload a report</summary>
        <DropZone
          kind="report"
          what="a report"
          hint="The JSON of natspike analyze --output json."
          onDone={(upload) => take(`upload:${upload.id}`)}
        />
      </details>
    </section>
  );
}

function named(report: ReportEntry): string {
  const options = optionsInWords(report.options);
  return options.length > 0 ? `${report.title} (${options.join(", ")})` : report.title;
}

function aboutReport(report: ReportEntry): string | undefined {
  return report.window ? span(report.window.start, report.window.end) : undefined;
}

/** The part of a report that is compared. */
function Window({ name, report }: { name: SideName; report: ReportEntry }) {
  const side = sideOf(params.value, name);
  const edges = side && "report" in side ? side : undefined;
  const move = (edge: "from" | "until", text: string) => {
    const means = meaning(text, Math.floor(Date.now() / 1000));
    if (means.kind !== "wrong") {
      const at = means.kind === "none" ? null : onPeriod(means.seconds, report.period_seconds);
      change({ [`${name}-${edge}`]: at });
    }
  };
  return (
    <div class="fields">
      <Time
        label="From"
        value={edges?.from === undefined ? "" : isoOf(edges.from)}
        empty={report.window ? `its beginning, ${time(report.window.start)}` : "its beginning"}
        onChange={(text) => move("from", text)}
      />
      <Time
        label="To, not included"
        value={edges?.until === undefined ? "" : isoOf(edges.until)}
        empty={report.window ? `its end, ${time(report.window.end)}` : "its end"}
        onChange={(text) => move("until", text)}
      />
    </div>
  );
}
