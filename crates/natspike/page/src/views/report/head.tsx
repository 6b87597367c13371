/**
 * The head of a report: what it is of, what it costs, how sure that is.
 *
 * **Invariants.** Every figure is the engine's. A total without some charges is
 * "at least", and says without which.
 */
import type { Report } from "../../api/types.ts";
import { bytes, exactBytes, integer, percent } from "../../format/bytes.ts";
import { exactMoney, money } from "../../format/money.ts";
import { duration, span, time } from "../../format/time.ts";
import { Notice } from "../../parts/notice.tsx";
import { setWhere } from "./place.ts";

const FOLDED_ABOVE = 3;

export function Figures({ report }: { report: Report }) {
  const { cost, spend, coverage, window } = report;
  const { currency } = cost;
  const atLeast = cost.full_is_without.length > 0 ? "at least " : "";
  const isLow = coverage ? coverage.share < coverage.floor : false;
  return (
    <dl class="figures">
      <div class="figure figure-main">
        <dt>Cost per hour</dt>
        <dd title={exactMoney(cost.full_per_hour, currency)}>
          <span class="hint">{atLeast}</span>
          {money(cost.full_per_hour, currency)}
        </dd>
        <dd class="hint">
          {spend.hourly
            ? `NAT processing alone ${money(spend.hourly.cost, currency)} an hour`
            : "the records say no time"}
        </dd>
      </div>
      <div class="figure">
        <dt>Cost of the window</dt>
        <dd title={exactMoney(cost.full, currency)}>
          <span class="hint">{atLeast}</span>
          {money(cost.full, currency)}
        </dd>
        <dd class="hint">processing {money(cost.processing, currency)}</dd>
      </div>
      <div class="figure">
        <dt>Processed</dt>
        <dd title={exactBytes(report.bytes.processed)}>{bytes(report.bytes.processed)}</dd>
        <dd class="hint">
          {bytes(report.bytes.in_from_source)} up, {bytes(report.bytes.out_to_source)} down
        </dd>
      </div>
      <div class="figure">
        <dt>Coverage</dt>
        <dd>{coverage ? percent(coverage.share) : "unknown"}</dd>
        <dd class={isLow ? "warn" : "hint"}>
          {coverage
            ? isLow
              ? `below ${percent(coverage.floor)}: no saving is said`
              : "of what CloudWatch counted"
            : "no metrics of that time"}
        </dd>
      </div>
      <div class="figure">
        <dt>{report.part ? "Part of the time" : "Window"}</dt>
        <dd>{spend.hourly ? duration(spend.hourly.seconds) : "unknown"}</dd>
        <dd class="hint">
          {window.start !== null && window.end !== null
            ? span(window.start, window.end)
            : "no record says a time"}
        </dd>
      </div>
      {spend.since_alarm ? (
        <div class="figure">
          <dt>Since the alarm</dt>
          <dd title={exactMoney(spend.since_alarm.cost, currency)}>
            {money(spend.since_alarm.cost, currency)}
          </dd>
          <dd class="hint">processing, from {time(spend.since_alarm.from)}</dd>
        </div>
      ) : null}
      {spend.month ? (
        <div class="figure">
          <dt>A usual month</dt>
          <dd title={exactMoney(spend.month.typical.cost, currency)}>
            {money(spend.month.typical.cost, currency)}
          </dd>
          <dd class="hint">
            {money(spend.month.low.cost, currency)} to {money(spend.month.high.cost, currency)},
            like the {spend.month.days} days before
          </dd>
        </div>
      ) : null}
    </dl>
  );
}

/** What was read, in a line. */
export function What({ report }: { report: Report }) {
  const { cost, records } = report;
  const gateway = [...report.interfaces, ...report.nat_addresses];
  return (
    <p class="hint what">
      {[
        cost.region ?? "region unknown",
        gateway.length > 0 ? `NAT gateway ${gateway.join(", ")}` : "NAT gateway unknown",
        `${integer(records.parsed)} records`,
      ].join(" · ")}
    </p>
  );
}

/** What to do where nothing counts. */
export function Nothing({ report, where }: { report: Report; where: string | undefined }) {
  if (Number(report.bytes.processed) > 0) {
    return null;
  }
  const clear = where ? (
    <button type="button" class="button" onClick={() => setWhere("")}>
      Clear the filter
    </button>
  ) : null;
  return (
    <Notice kind="info" title="Nothing that was read is billed." action={clear}>
      <p>
        {where
          ? "No record of a NAT gateway fits the filter in this window."
          : "The records have no bytes of a NAT gateway in this window. See what was read below Coverage and legs."}
      </p>
    </Notice>
  );
}

/** Warnings, folded where they are many. */
export function Warnings({ warnings }: { warnings: string[] }) {
  if (warnings.length === 0) {
    return null;
  }
  const list = (
    <ul class="warnings">
      {warnings.map((warning) => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  );
  const title = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
  return warnings.length > FOLDED_ABOVE ? (
    <Notice
      kind="warning"
      title={
        <details>
          <summary>{title}</summary>
          <div class="folded">{list}</div>
        </details>
      }
    />
  ) : (
    <Notice kind="warning" title={title}>
      {list}
    </Notice>
  );
}
