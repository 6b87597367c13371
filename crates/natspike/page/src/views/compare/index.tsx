/**
 * The view `compare`: two sides, and what an hour cost before and costs after.
 *
 * **Invariants.** The address holds both sides. What is saved the server says.
 */
import { useEffect } from "preact/hooks";
import { api } from "../../api/client.ts";
import type { Comparison, Recordings, ReportEntry } from "../../api/types.ts";
import { exactMoney, money } from "../../format/money.ts";
import { Icon } from "../../parts/icon.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import { useLoaded } from "../../parts/pickers/loading.ts";
import { loadUploads, uploads } from "../../parts/pickers/uploads.ts";
import { params, setParams } from "../../state/location.ts";
import { session } from "../../state/session.ts";
import { hasReport } from "../recordings/ended.ts";
import { Changes } from "./changes.tsx";
import { SidePicker } from "./side.tsx";
import { sideOf, swapped } from "./sides.ts";

/** Rows of each kind that are asked for. */
const TOP = 50;

export function CompareView() {
  const [before, after] = [sideOf(params.value, "before"), sideOf(params.value, "after")];
  const asked = before && after ? { before, after, top: TOP } : null;
  const hasStack = Boolean(session.value?.stack);
  const open = useLoaded("reports", (signal) =>
    api.get<{ reports: ReportEntry[] }>("/reports", {}, { signal }),
  );
  const stack = useLoaded(hasStack ? "recordings" : null, (signal) =>
    api.get<Recordings>("/stack/recordings", { limit: 50 }, { signal }),
  );
  const found = useLoaded(asked ? JSON.stringify(asked) : null, (signal) =>
    api.post<Comparison>("/comparisons", asked, { signal }),
  );
  useEffect(() => {
    if (uploads.peek() === undefined) {
      loadUploads().catch(() => {});
    }
  }, []);
  const sides = {
    reports: open.value?.reports ?? [],
    recordings: (stack.value?.recordings ?? []).filter(hasReport),
  };
  return (
    <div class="stack">
      <div class="panel-head">
        <h1>Compare</h1>
        <button
          type="button"
          class="button"
          disabled={!before && !after}
          onClick={() => setParams(swapped(params.value))}
        >
          <Icon name="swap" /> Swap the sides
        </button>
      </div>
      {open.problem ? <Problem error={open.problem} retry={open.again} /> : null}
      {stack.problem ? <Problem error={stack.problem} retry={stack.again} /> : null}
      <div class="two">
        <SidePicker name="before" title="Before" {...sides} />
        <SidePicker name="after" title="After" {...sides} />
      </div>
      {asked ? null : (
        <Empty title="Choose two sides.">
          A report that is open, or a part of its time; a recording of the stack; or the JSON of a
          report. What an hour of NAT processing cost on each side is put side by side.
        </Empty>
      )}
      {found.problem ? <Problem error={found.problem} retry={found.again} /> : null}
      {asked && found.isLoading ? <p class="hint">Comparing…</p> : null}
      {asked && found.value ? <Found found={found.value} /> : null}
    </div>
  );
}

function Found({ found }: { found: Comparison }) {
  return (
    <>
      <Saved found={found} />
      {found.changes.length === 0 ? (
        <Empty title="Nothing changed.">Both sides have the same by source and destination.</Empty>
      ) : (
        <div class="two">
          <Changes found={found} />
        </div>
      )}
      <details class="panel fold">
        <summary>JSON</summary>
        <JsonView value={found} name="natspike-comparison.json" />
      </details>
    </>
  );
}

function Saved({ found }: { found: Comparison }) {
  const { hourly, month, currency, increase_percent } = found;
  return (
    <section class="panel saved" aria-label="What it costs">
      {hourly ? (
        <Spans title="an hour" costs={hourly} currency={currency} percent={increase_percent} />
      ) : (
        <p>What an hour costs is not known of one of the sides: its time is not in its records.</p>
      )}
      {month ? (
        <Spans title="a typical month" costs={month} currency={currency} percent={null} />
      ) : (
        <p class="hint">A month is not known: it takes a snapshot with metrics on both sides.</p>
      )}
    </section>
  );
}

interface SpansProps {
  title: string;
  costs: { before: number; after: number; saved: number };
  currency: string;
  percent: number | null;
}

function Spans({ title, costs, currency, percent }: SpansProps) {
  const { before, after, saved } = costs;
  const isLess = saved >= 0;
  return (
    <div class="spans">
      <p class="spans-saved">
        <strong
          class={saved === 0 ? "" : isLess ? "is-less" : "is-more"}
          title={exactMoney(saved, currency)}
        >
          {money(Math.abs(saved), currency)}
        </strong>{" "}
        {saved === 0 ? "of difference" : isLess ? "less" : "more"} NAT processing {title}
      </p>
      <p>
        <span title={exactMoney(before, currency)}>{money(before, currency)}</span> before,{" "}
        <span title={exactMoney(after, currency)}>{money(after, currency)}</span> after
        {percent === null ? "" : ` (${percent > 0 ? "+" : ""}${percent} %)`}
      </p>
    </div>
  );
}
