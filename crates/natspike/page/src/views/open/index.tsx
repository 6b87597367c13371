/**
 * The view `open`: choose sources and how they are read, then look at the report or
 * investigate.
 *
 * **Invariants.** The address holds what is chosen. Nothing is read, and AWS is asked
 * nothing, before the user says so.
 */
import { Icon } from "../../parts/icon.tsx";
import { optionsOf, paramsOf, sourcesOf } from "../../parts/pickers/asking.ts";
import { changesOf } from "../../parts/pickers/changing.ts";
import { AwsFields, GatewayFields, RecordFields } from "../../parts/pickers/options-form.tsx";
import { SourceList } from "../../parts/pickers/source-list.tsx";
import { spanTrouble } from "../../parts/pickers/times.ts";
import { go, params } from "../../state/location.ts";
import { reportParams } from "../../state/report-address.ts";
import { OpenReports } from "../recordings/open-reports.tsx";

const change = changesOf("open");

export function OpenView() {
  const sources = sourcesOf(params.value);
  const options = optionsOf(params.value);
  const now = Math.floor(Date.now() / 1000);
  const isReady = sources.length > 0 && !spanTrouble(options.since ?? "", options.until ?? "", now);
  const form = { options, onChange: change };
  return (
    <div class="stack">
      <h1>Open flow logs</h1>
      <div class="open">
        <section class="panel stack" aria-labelledby="open-what">
          <h2 id="open-what">What is read</h2>
          <SourceList sources={sources} onChange={(source) => change({ source })} />
        </section>
        <section class="panel stack" aria-labelledby="open-how">
          <h2 id="open-how">How it is read</h2>
          <RecordFields {...form} />
          <AwsFields {...form} />
          <GatewayFields {...form} />
        </section>
      </div>
      <div class="buttons action-bar">
        <button
          type="button"
          class="button button-main"
          disabled={!isReady}
          onClick={() => go("report", reportParams(sources, options))}
        >
          <Icon name="play" /> Open the report
        </button>
        <button
          type="button"
          class="button"
          disabled={!isReady}
          onClick={() => go("investigate", paramsOf(sources, options))}
        >
          <Icon name="filter" /> Investigate
        </button>
        <span class="hint">{sources.length === 0 ? "Take a source first." : ""}</span>
      </div>
      <OpenReports title="Opened lately" isAtOpen />
    </div>
  );
}
