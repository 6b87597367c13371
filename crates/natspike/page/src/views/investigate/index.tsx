/**
 * The view `investigate`: what is asked of which records, and the run.
 *
 * **Invariants.** The address holds the whole question. Nothing is read before the user
 * runs it.
 */
import { useEffect } from "preact/hooks";
import { api } from "../../api/client.ts";
import type { ReportEntry } from "../../api/types.ts";
import { Icon } from "../../parts/icon.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { joined, paramsOf } from "../../parts/pickers/asking.ts";
import { changesOf } from "../../parts/pickers/changing.ts";
import {
  cidrTrouble,
  instanceTrouble,
  networkTrouble,
  portTrouble,
  wholeTrouble,
} from "../../parts/pickers/checks.ts";
import { useLoaded } from "../../parts/pickers/loading.ts";
import { AwsFields, GatewayFields, RecordFields } from "../../parts/pickers/options-form.tsx";
import { SourceList } from "../../parts/pickers/source-list.tsx";
import { TextField } from "../../parts/pickers/text-field.tsx";
import { spanTrouble } from "../../parts/pickers/times.ts";
import { Values } from "../../parts/pickers/values.tsx";
import { JobProgress } from "../../parts/progress.tsx";
import { params } from "../../state/location.ts";
import { session } from "../../state/session.ts";
import { Analyses } from "./analyses.tsx";
import { type Asked, askedOf, missing, RANKINGS, THRESHOLD, thresholdsOf } from "./asked.ts";
import { CidrLists } from "./cidr-lists.tsx";
import { useRunning } from "./running.ts";
import { Thresholds } from "./thresholds.tsx";

const change = changesOf("investigate");

export function InvestigateView() {
  const asked = askedOf(params.value);
  const { options } = asked;
  const running = useRunning(asked, params.value.get("job"));
  const analyses = session.value?.analyses ?? [];
  const needsPort = analyses.filter((one) => one.needs_port).map((one) => one.name);
  const now = Math.floor(Date.now() / 1000);
  const trouble =
    missing(asked, needsPort) ?? spanTrouble(options.since ?? "", options.until ?? "", now);
  const form = { options, onChange: change };
  return (
    <div class="stack">
      <h1>Investigate</h1>
      <div class="investigate">
        <div class="stack">
          <section class="panel stack" aria-labelledby="ask-what">
            <h2 id="ask-what">What is read</h2>
            <What asked={asked} />
          </section>
          <section class="panel stack" aria-labelledby="ask-analyses">
            <h2 id="ask-analyses">What is asked</h2>
            <Analyses
              analyses={analyses}
              chosen={options.analysis ?? []}
              onChange={(analysis) => change({ analysis })}
            />
          </section>
        </div>
        <div class="stack">
          <section class="panel stack" aria-labelledby="ask-records">
            <h2 id="ask-records">Which records</h2>
            <RecordFields {...form} />
          </section>
          <section class="panel stack" aria-labelledby="ask-whom">
            <h2 id="ask-whom">Who is investigated</h2>
            <Subject asked={asked} />
          </section>
          <section class="panel stack" aria-labelledby="ask-rows">
            <h2 id="ask-rows">Ports, lists and rows</h2>
            <Details asked={asked} />
          </section>
          <section class="panel stack" aria-labelledby="ask-aws">
            <h2 id="ask-aws">Region and sign-in</h2>
            <AwsFields {...form} />
            <GatewayFields {...form} />
          </section>
        </div>
      </div>
      <div class="action-bar stack">
        {running.problem ? <Problem error={running.problem} /> : null}
        {running.isCancelled ? (
          <Notice title="The investigation was cancelled.">
            <p>It has no result. Change what is asked, or run it again.</p>
          </Notice>
        ) : null}
        {running.isRunning ? (
          <JobProgress job={running.job} label="Investigating" onCancel={running.cancel} />
        ) : (
          <div class="buttons">
            <button
              type="button"
              class="button button-main"
              disabled={trouble !== null}
              aria-describedby="ask-trouble"
              onClick={running.run}
            >
              <Icon name="play" /> Run
            </button>
            <span id="ask-trouble" class="hint">
              {trouble ?? inWords(asked)}
            </span>
          </div>
        )}
      </div>
    </div>
  );
}

function inWords({ options }: Asked): string {
  const many = options.analysis?.length ?? 0;
  return many === 0 ? "All analyses." : `${many} ${many === 1 ? "analysis" : "analyses"}.`;
}

/** Sources; those of an open report once they are known. */
function What({ asked: { report, sources, options } }: { asked: Asked }) {
  const list = useLoaded(report ? "reports" : null, (signal) =>
    api.get<{ reports: ReportEntry[] }>("/reports", {}, { signal }),
  );
  const open = list.value?.reports.find((one) => one.id === report);
  useEffect(() => {
    if (open) {
      change({ report: null, ...paramsOf(open.sources, joined(open.options, options)) });
    }
  }, [open]);
  if (list.problem) {
    return <Problem error={list.problem} retry={list.again} />;
  }
  if (!report) {
    return <SourceList sources={sources} onChange={(source) => change({ source })} />;
  }
  return list.value && !open ? (
    <Notice
      kind="warning"
      title="That report is not open any more."
      action={
        <button type="button" class="button" onClick={() => change({ report: null })}>
          Take sources
        </button>
      }
    />
  ) : (
    <p class="hint">Asking what the report reads…</p>
  );
}

function Subject({ asked: { options } }: { asked: Asked }) {
  const known = session.value;
  return (
    <>
      {known?.has_aws === false ? null : (
        <Values
          label="Instances"
          values={options.instance_id ?? []}
          placeholder="i-0123456789abcdef0"
          hint="EC2 is asked for their addresses, the networks of their VPC, and flow logs that see them."
          trouble={instanceTrouble}
          onChange={(values) => change({ instance_id: values })}
        />
      )}
      <Values
        label="Addresses or networks"
        values={options.instance_ip ?? []}
        placeholder="10.0.1.5"
        hint="They count instead of an instance's own. None: every private address."
        trouble={networkTrouble}
        onChange={(values) => change({ instance_ip: values })}
      />
      <Values
        label="Networks of the VPC"
        values={options.vpc_cidr ?? []}
        placeholder="10.0.0.0/16"
        hint="What is not external. None: every private address."
        trouble={cidrTrouble}
        onChange={(values) => change({ vpc_cidr: values })}
      />
    </>
  );
}

function Details({ asked: { options } }: { asked: Asked }) {
  const thresholds = session.value?.thresholds ?? [];
  const number = (value: number | undefined) => (value === undefined ? "" : String(value));
  return (
    <>
      <div class="fields">
        <TextField
          label="Port"
          value={number(options.port)}
          inputMode="numeric"
          placeholder="443"
          hint="Of port-specific, at either end."
          trouble={portTrouble}
          onChange={(port) => change({ port })}
        />
        <TextField
          label="Rows of a table"
          value={number(options.limit)}
          inputMode="numeric"
          placeholder="1,000"
          hint="At the most; 0 is all. Totals are of everything."
          trouble={wholeTrouble}
          onChange={(limit) => change({ limit })}
        />
      </div>
      <fieldset class="ranked">
        <legend>Ranked by</legend>
        {RANKINGS.map((by) => (
          <label key={by} class="check">
            <input
              type="radio"
              name="by"
              checked={(options.by ?? "bytes") === by}
              onChange={() => change({ by: by === "bytes" ? null : by })}
            />
            <span>{by}</span>
          </label>
        ))}
      </fieldset>
      {(options.analysis?.length ?? 0) > 0 ? (
        <label class="check">
          <input
            type="checkbox"
            checked={options.sensitive_ports === true}
            onChange={(event) => change({ sensitive_ports: event.currentTarget.checked })}
          />
          <span>
            Sensitive ports, too{" "}
            <span class="hint">SSH, RDP, databases and the like, beside what is chosen</span>
          </span>
        </label>
      ) : null}
      <div>
        <p class="label">Lists of prefixes</p>
        <CidrLists ids={options.cidr_lists ?? []} onChange={(ids) => change({ cidr_list: ids })} />
      </div>
      <Thresholds
        thresholds={thresholds}
        values={thresholdsOf(params.value)}
        onChange={(name, value) => change({ [`${THRESHOLD}${name}`]: value })}
      />
    </>
  );
}
