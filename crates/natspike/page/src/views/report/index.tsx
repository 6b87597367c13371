/**
 * The view `report`: a recording to look at, window by window.
 *
 * **Invariants.** The address says what is read and what of it is shown. What
 * was there stays, dimmed, until what replaces it is.
 */
import { useEffect } from "preact/hooks";
import { useAnswer } from "../../api/answer.ts";
import { address } from "../../api/client.ts";
import type { Report, ReportEntry } from "../../api/types.ts";
import type { Series } from "../../charts/series.ts";
import { FilterBox } from "../../parts/filter-box.tsx";
import { Icon } from "../../parts/icon.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Menu } from "../../parts/menu.tsx";
import { Empty, Notice, Problem } from "../../parts/notice.tsx";
import { paramsOf } from "../../parts/pickers/asking.ts";
import { JobProgress } from "../../parts/progress.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { href, params, setParams } from "../../state/location.ts";
import { type Asked, askedOf, investigateHref } from "../../state/report-address.ts";
import { announce, shownTitle } from "../../state/session.ts";
import { Charges } from "./charges.tsx";
import { Coverage } from "./coverage.tsx";
import { useDrawn } from "./drawn.ts";
import { Findings } from "./findings.tsx";
import { Figures, Nothing, Warnings, What } from "./head.tsx";
import { headingOf } from "./heading.ts";
import { type Opened, useOpened } from "./opened.ts";
import { Overview } from "./overview.tsx";
import { rangeOf, setWhere } from "./place.ts";
import { Tables } from "./tables.tsx";
import { WindowPanel } from "./window.tsx";

const TOP = 50;
const LIVE_MILLISECONDS = 30_000;

export function ReportView() {
  const asked = askedOf(params.value);
  if (asked.sources.length === 0) {
    return (
      <>
        <h1>Report</h1>
        <Empty
          title="No recording is named"
          action={
            <a class="button button-main" href={href("open")}>
              Open one
            </a>
          }
        >
          A report is of files, of a bucket, of a log group or of a recording of the stack.
        </Empty>
      </>
    );
  }
  // Of other sources nothing stays; of another filter the old view does.
  return <OpenedReport key={asked.sources.join("\n")} asked={asked} />;
}

function OpenedReport({ asked }: { asked: Asked }) {
  const opened = useOpened(asked);
  const { id, version } = opened;
  const entry = useEntry(opened);
  const hasTimes = entry?.has_times !== false;
  const range = hasTimes ? rangeOf(params.value.get("from"), params.value.get("until")) : undefined;
  const path = id === undefined ? undefined : `/reports/${id}`;
  const whole = useAnswer<Report>(path, { top: TOP }, version);
  const part = useAnswer<Report>(range ? path : undefined, { ...range, top: TOP }, version);
  const shown = range ? (part.value ?? whole.value) : whole.value;
  const isBusy = opened.isReading || whole.busy || (range !== undefined && part.busy);
  const { name: title, place } = headingOf(asked.sources, opened.title);
  const {
    series,
    drawn: { time },
  } = useDrawn(asked, whole.value?.timeline);
  useEffect(() => {
    shownTitle.value = title;
    return () => {
      shownTitle.value = undefined;
    };
  }, [title]);
  useEffect(() => {
    if (shown && !isBusy) {
      announce("The figures are up to date.");
    }
  }, [isBusy, shown]);
  const failed = whole.error ?? (range ? part.error : undefined);
  return (
    <div class="stack report">
      <div class="report-head">
        <div class="report-title">
          <h1>{title}</h1>
          {entry?.is_live ? <span class="badge badge-bad">recording now</span> : null}
          {place ? <p class="hint report-place">{place}</p> : null}
        </div>
        <Actions asked={asked} opened={opened} range={range} />
      </div>
      {opened.error && !shown && !asked.options.where ? null : (
        <FilterBox value={asked.options.where ?? ""} onApply={setWhere} busy={opened.isReading} />
      )}
      <Reading opened={opened} asked={asked} hasOld={shown !== undefined} />
      {failed ? <Problem error={failed} retry={whole.error ? opened.refresh : part.retry} /> : null}
      {shown && whole.value && id !== undefined ? (
        <>
          <div class={opened.isReading || isBusy ? "stack dimmed" : "stack"}>
            <section class="panel" aria-label="In short">
              <Figures report={shown} />
              <What report={shown} />
            </section>
            <Nothing report={shown} where={asked.options.where} />
            <Warnings warnings={shown.warnings} />
          </div>
          <WindowPanel
            whole={whole.value}
            series={series}
            time={time}
            range={range}
            isBusy={isBusy}
            took={part.milliseconds}
            hasTimes={hasTimes}
          />
          <div class={isBusy ? "dimmed" : undefined} aria-busy={isBusy ? "true" : undefined}>
            <Parts id={id} version={version} report={shown} series={series} range={range} />
          </div>
        </>
      ) : null}
    </div>
  );
}

/** What the server says of the report; a live one is read again while it is shown. */
function useEntry(opened: Opened): ReportEntry | undefined {
  const { id, version } = opened;
  const all = useAnswer<{ reports: ReportEntry[] }>(id && "/reports", {}, version);
  const entry = all.value?.reports.find((one) => one.id === id);
  const isLive = entry?.is_live ?? false;
  useEffect(() => {
    if (!isLive || opened.isReading) {
      return;
    }
    const timer = setInterval(() => {
      if (!document.hidden) {
        opened.refresh();
      }
    }, LIVE_MILLISECONDS);
    return () => clearInterval(timer);
  }, [isLive, opened.isReading, id, version]);
  return entry;
}

interface ReadingProps {
  opened: Opened;
  asked: Asked;
  hasOld: boolean;
}

function Reading({ opened, asked, hasOld }: ReadingProps) {
  const others = (
    <a class="button" href={href("open", paramsOf(asked.sources, asked.options))}>
      <Icon name="folder" /> Choose another source
    </a>
  );
  if (opened.error) {
    return <Problem error={opened.error} retry={opened.refresh} action={others} />;
  }
  if (opened.isCancelled) {
    const again = (
      <button type="button" class="button" onClick={opened.refresh}>
        <Icon name="refresh" /> Read
      </button>
    );
    return (
      <Notice
        kind="info"
        title="The reading was cancelled."
        action={
          <>
            {again}
            {others}
          </>
        }
      >
        <p>{hasOld ? "What is below is of the reading before." : "Read it again, or another."}</p>
      </Notice>
    );
  }
  return opened.isReading && (opened.job || !hasOld) ? (
    <section class={hasOld ? "panel reading reading-over" : "panel reading"}>
      <JobProgress job={opened.job} onCancel={opened.job ? opened.cancel : undefined} />
    </section>
  ) : null;
}

interface ActionsProps {
  asked: Asked;
  opened: Opened;
  range: { from: number; until: number } | undefined;
}

const FORMS = [
  { form: "html", label: "HTML page" },
  { form: "markdown", label: "Markdown" },
  { form: "csv", label: "CSV" },
  { form: "json", label: "JSON" },
];

function Actions({ asked, opened, range }: ActionsProps) {
  const { id } = opened;
  return (
    <div class="buttons">
      <button
        type="button"
        class="button button-small"
        disabled={opened.isReading}
        onClick={opened.refresh}
      >
        <Icon name="refresh" /> Read again
      </button>
      <a class="button button-small" href={investigateHref(asked, range)}>
        Investigate
      </a>
      {id === undefined ? null : (
        <a
          class="button button-small"
          href={href("compare", {
            after: `report:${id}`,
            "after-from": range?.from,
            "after-until": range?.until,
          })}
        >
          Compare
        </a>
      )}
      {id === undefined ? null : (
        <Menu
          class="button button-small"
          items={FORMS.map(({ form, label }) => ({
            label,
            href: address(`/reports/${id}/export`, { form, ...range }),
            download: true,
          }))}
        >
          <Icon name="download" /> Export
        </Menu>
      )}
    </div>
  );
}

interface PartsProps {
  id: string;
  version: number;
  report: Report;
  series: Series;
  range: { from: number; until: number } | undefined;
}

function Parts(props: PartsProps) {
  const { id, report, range } = props;
  const tab = params.value.get("tab") ?? "overview";
  const tabs = [
    { key: "overview", label: "Overview" },
    { key: "tables", label: "Tables" },
    { key: "findings", label: "Findings", count: report.findings.length },
    { key: "charges", label: "Charges", count: report.charges.length },
    { key: "coverage", label: "Coverage and legs" },
    { key: "json", label: "JSON" },
  ];
  const current = tabs.some((one) => one.key === tab) ? tab : "overview";
  const choose = (key: string) => setParams({ tab: key === "overview" ? null : key });
  return (
    <Tabs label="Parts of the report" tabs={tabs} current={current} onChange={choose}>
      {current === "overview" ? (
        <Overview {...props} />
      ) : (
        <section class="panel">
          {current === "tables" ? <Tables {...props} /> : null}
          {current === "findings" ? (
            <Findings findings={report.findings} currency={report.cost.currency} />
          ) : null}
          {current === "charges" ? (
            <Charges
              report={report}
              csvHref={address(`/reports/${id}/rows/charges`, { ...range, form: "csv" })}
            />
          ) : null}
          {current === "coverage" ? <Coverage report={report} /> : null}
          {current === "json" ? <JsonView value={report} name={`report-${id}.json`} /> : null}
        </section>
      )}
    </Tabs>
  );
}
