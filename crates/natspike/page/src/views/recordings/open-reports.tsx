/**
 * The reports that the server has open: go on with one, or close it.
 *
 * **Invariants.** To close a report forgets what was read; its files stay.
 */
import { useEffect, useState } from "preact/hooks";
import { api, Problem as Failure } from "../../api/client.ts";
import type { ReportEntry } from "../../api/types.ts";
import { integer } from "../../format/bytes.ts";
import { span } from "../../format/time.ts";
import { Icon } from "../../parts/icon.tsx";
import { JsonLink } from "../../parts/json-link.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import { optionsInWords, paramsOf } from "../../parts/pickers/asking.ts";
import { useLoaded } from "../../parts/pickers/loading.ts";
import { href } from "../../state/location.ts";
import { reportHref } from "../../state/report-address.ts";
import { announce } from "../../state/session.ts";
import { headingOf } from "../report/heading.ts";

/** While something is being read, the list is asked for this often. */
const WHILE_READING = 2000;

export interface OpenReportsProps {
  title: string;
  /** Whether it stands where sources are opened, so that there is no way there. */
  isAtOpen?: boolean;
}

export function OpenReports({ title, isAtOpen = false }: OpenReportsProps) {
  const list = useLoaded("reports", (signal) =>
    api.get<{ reports: ReportEntry[] }>("/reports", {}, { signal }),
  );
  const [problem, setProblem] = useState<Failure | undefined>(undefined);
  const reports = list.value?.reports ?? [];
  const isReading = reports.some((report) => report.state === "reading");
  useEffect(() => {
    if (isReading) {
      const timer = setInterval(list.again, WHILE_READING);
      return () => clearInterval(timer);
    }
  }, [isReading]);
  const close = async (report: ReportEntry) => {
    setProblem(undefined);
    try {
      await api.remove(`/reports/${encodeURIComponent(report.id)}`);
      announce(`${report.title} is closed.`);
      list.again();
    } catch (cause) {
      setProblem(Failure.of(cause));
    }
  };
  return (
    <section class="panel" aria-labelledby="open-reports">
      <div class="panel-head">
        <h2 id="open-reports">{title}</h2>
        <JsonLink path="/reports" of={title} />
      </div>
      {list.problem ? <Problem error={list.problem} retry={list.again} /> : null}
      {problem ? <Problem error={problem} /> : null}
      {list.value && reports.length === 0 ? (
        <Empty
          title="No report is open."
          action={
            isAtOpen ? null : (
              <a class="button" href={href("open")}>
                <Icon name="folder" /> Open flow logs
              </a>
            )
          }
        >
          {isAtOpen ? "What you open above stays here until it is closed." : null}
        </Empty>
      ) : null}
      {!list.value && !list.problem ? <p class="hint">Asking which are open…</p> : null}
      <ul class="entries">
        {reports.map((report) => (
          <Line key={report.id} report={report} onClose={() => close(report)} />
        ))}
      </ul>
    </section>
  );
}

function Line({ report, onClose }: { report: ReportEntry; onClose: () => void }) {
  const { name, place } = headingOf(report.sources, report.title);
  const about = [
    place ?? "",
    report.records === null || report.state !== "ready" ? "" : `${integer(report.records)} records`,
    report.window ? span(report.window.start, report.window.end) : "",
    ...optionsInWords(report.options),
  ];
  return (
    <li class="entry">
      <div class="entry-text">
        <a class="entry-title" href={reportHref(report.sources, report.options)}>
          {name}
        </a>{" "}
        <State report={report} />
        <p class="hint">{about.filter(Boolean).join(" · ")}</p>
        {report.error ? <p class="field-error">{report.error.detail}</p> : null}
      </div>
      <div class="buttons">
        <a class="button button-small" href={href("investigate", { report: report.id })}>
          Investigate
        </a>
        <a
          class="button button-small"
          href={href("open", paramsOf(report.sources, report.options))}
          aria-label={`Change how ${name} is read`}
        >
          Change
        </a>
        <button
          type="button"
          class="button button-small"
          aria-label={`Close ${name}`}
          onClick={onClose}
        >
          <Icon name="close" size={12} /> Close
        </button>
      </div>
    </li>
  );
}

function State({ report }: { report: ReportEntry }) {
  switch (report.state) {
    case "reading":
      return <span class="badge">being read</span>;
    case "failed":
      return <span class="badge badge-bad">could not be read</span>;
    default:
      return report.is_live ? <span class="badge badge-good">live</span> : null;
  }
}
