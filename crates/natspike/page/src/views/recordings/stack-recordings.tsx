/**
 * The recordings of the stack, those under way on top, and its gateways.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import type { Recording, Recordings, Stack } from "../../api/types.ts";
import { bytes, exactBytes, percent } from "../../format/bytes.ts";
import { exactMoney } from "../../format/money.ts";
import { time } from "../../format/time.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Icon } from "../../parts/icon.tsx";
import { JsonLink } from "../../parts/json-link.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import { type Loaded, useLoaded } from "../../parts/pickers/loading.ts";
import { href, params, setParams } from "../../state/location.ts";
import { reportHref } from "../../state/report-address.ts";
import { session } from "../../state/session.ts";
import {
  canStop,
  hasReport,
  hourly,
  isUnderWay,
  lasted,
  nameOf,
  ordered,
  startedBy,
  stateOf,
  whyEnded,
} from "./ended.ts";
import { StartRecording } from "./start-recording.tsx";
import { StopRecording } from "./stop-recording.tsx";

const AT_FIRST = 50;
/** While a recording is under way, the gateways are asked for this often. */
const WHILE_RECORDING = 30_000;

export function StackRecordings() {
  const known = session.value;
  if (!known) {
    return null;
  }
  return (
    <section class="panel" aria-labelledby="stack-recordings">
      {known.stack ? (
        <OfStack name={known.stack} />
      ) : (
        <>
          <h2 id="stack-recordings">Recordings of the stack</h2>
          <p class="hint">
            Start <code>natspike serve --stack NAME</code> to see the recordings of a deployed stack
            here, and to start and stop them.
          </p>
        </>
      )}
    </section>
  );
}

function OfStack({ name }: { name: string }) {
  const limit = Number(params.value.get("limit") ?? AT_FIRST) || AT_FIRST;
  const stack = useLoaded("stack", (signal) => api.get<Stack>("/stack", {}, { signal }));
  const list = useLoaded(`recordings ${limit}`, (signal) =>
    api.get<Recordings>("/stack/recordings", { limit }, { signal }),
  );
  const recordings = ordered(list.value?.recordings ?? []);
  const isRecording = recordings.some(isUnderWay);
  const recorded = stack.value?.gateways.map((gateway) => gateway.recording ?? "").join(" ");
  const before = useRef<string | undefined>(undefined);
  const again = () => {
    stack.again();
    list.again();
  };
  useEffect(() => {
    if (isRecording) {
      const timer = setInterval(
        () => document.visibilityState === "visible" && stack.again(),
        WHILE_RECORDING,
      );
      return () => clearInterval(timer);
    }
  }, [isRecording]);
  useEffect(() => {
    // The list costs a request for each recording: it is asked for when one came or went.
    if (before.current !== undefined && recorded !== undefined && before.current !== recorded) {
      list.again();
    }
    before.current = recorded ?? before.current;
  }, [recorded]);
  return (
    <>
      <div class="panel-head">
        <h2 id="stack-recordings">
          Recordings of the stack {name}
          {stack.value ? <span class="hint"> {stack.value.region}</span> : null}
        </h2>
        <JsonLink path={`/stack/recordings?limit=${limit}`} of="the recordings" />
        <button type="button" class="button button-small" disabled={list.isLoading} onClick={again}>
          <Icon name="refresh" /> Refresh
        </button>
      </div>
      {stack.problem && stack.problem.detail !== list.problem?.detail ? (
        <Problem error={stack.problem} retry={stack.again} />
      ) : null}
      {stack.value ? <Gateways stack={stack.value} onStarted={again} /> : null}
      <List list={list} recordings={recordings} retry={again} onStopped={again} />
      {list.value?.older ? (
        <button
          type="button"
          class="button button-small more"
          onClick={() => setParams({ limit: limit * 4 }, { replace: true })}
        >
          Show older ones
        </button>
      ) : null}
    </>
  );
}

function Gateways({ stack, onStarted }: { stack: Stack; onStarted: () => void }) {
  const looks = { OK: "badge badge-good", ALARM: "badge badge-bad", INSUFFICIENT_DATA: "badge" };
  const words = { OK: "alarm OK", ALARM: "in alarm", INSUFFICIENT_DATA: "alarm without data" };
  return (
    <ul class="gateways" aria-label="Gateways">
      {stack.gateways.map((gateway) => (
        <li key={gateway.id}>
          <span class="mono">{gateway.id}</span>
          {gateway.alarm_state ? (
            <span class={looks[gateway.alarm_state]} title={gateway.alarm ?? undefined}>
              {words[gateway.alarm_state]}
            </span>
          ) : (
            <span class="badge">alarm unknown</span>
          )}
          {gateway.recording ? (
            <a class="button button-small" href={href("live", { recording: gateway.recording })}>
              <Icon name="play" /> Look at it live
            </a>
          ) : (
            <StartRecording gateway={gateway.id} onStarted={onStarted} />
          )}
        </li>
      ))}
    </ul>
  );
}

interface ListProps {
  list: Loaded<Recordings>;
  recordings: Recording[];
  retry: () => void;
  onStopped: () => void;
}

function List({ list, recordings, retry, onStopped }: ListProps) {
  const [isStopping, setStopping] = useState<Recording | undefined>(undefined);
  const problem = list.problem ? <Problem error={list.problem} retry={retry} /> : null;
  if (!list.value) {
    return problem ?? <p class="hint">Asking AWS for the recordings…</p>;
  }
  if (recordings.length === 0) {
    return (
      <Empty title="Nothing was recorded yet, or not in the last 90 days.">
        An alarm starts a recording by itself; you can start one of a gateway above.
      </Empty>
    );
  }
  return (
    <>
      {problem}
      <DataTable
        caption={captionOf(recordings)}
        columns={columnsOf(setStopping)}
        rows={recordings}
        rowKey={(recording) => recording.execution}
      />
      <StopRecording
        recording={isStopping}
        onClose={() => setStopping(undefined)}
        onStopped={onStopped}
      />
    </>
  );
}

function columnsOf(onStop: (recording: Recording) => void): Column<Recording>[] {
  return [
    {
      key: "gateway",
      label: "Gateway",
      title: (row) => row.execution,
      render: (row) => {
        const to = lookAt(row);
        return to ? (
          <a class="mono" href={to}>
            {nameOf(row)}
          </a>
        ) : (
          <span class="mono">{nameOf(row)}</span>
        );
      },
    },
    { key: "status", label: "State", wide: true, render: (row) => <State recording={row} /> },
    {
      key: "cost_per_hour",
      label: "An hour",
      number: true,
      title: (row) =>
        row.currency === null ? undefined : exactMoney(row.cost_per_hour, row.currency),
      render: (row) => figure(row, hourly(row)),
    },
    {
      key: "bytes",
      label: "Processed",
      number: true,
      title: (row) => exactBytes(row.bytes),
      render: (row) => figure(row, bytes(row.bytes)),
    },
    {
      key: "started",
      label: "Began",
      render: (row) => (
        <>
          {time(row.started)} <span class="hint beside">{startedBy(row)}</span>
        </>
      ),
    },
    {
      key: "seconds",
      label: "For",
      number: true,
      title: () => "How long the flow log was on",
      render: (row) => (row.source === null ? "-" : lasted(row, Math.floor(Date.now() / 1000))),
    },
    {
      key: "coverage",
      label: "Coverage",
      number: true,
      title: () => "What the records explain of the gateway's own metrics",
      render: (row) => figure(row, percent(row.coverage)),
    },
    {
      key: "source",
      label: "What to do",
      render: (row) => <Actions recording={row} onStop={() => onStop(row)} />,
    },
  ];
}

/** A figure of a recording: there is none where nothing was recorded, or not yet. */
function figure(recording: Recording, text: string) {
  if (recording.source === null) {
    return "-";
  }
  return isUnderWay(recording) ? <span class="hint">not yet</span> : text;
}

function captionOf(recordings: readonly Recording[]): string {
  return recordings.length === 1
    ? "1 recording"
    : `${recordings.length} recordings, those under way first`;
}

/** Where a recording is looked at: live, or as a report; undefined where there is none. */
function lookAt(recording: Recording): string | undefined {
  if (isUnderWay(recording)) {
    return href("live", { recording: recording.execution });
  }
  return recording.source === null ? undefined : reportHref([recording.source]);
}

const LOOKS: Record<Recording["became"], string> = {
  running: "badge badge-good",
  recorded: "badge",
  held: "badge",
  spent: "badge badge-warn",
  failed: "badge badge-bad",
};

function State({ recording }: { recording: Recording }) {
  return (
    <>
      <span class={LOOKS[recording.became]}>{stateOf(recording)}</span> {whyEnded(recording)}
    </>
  );
}

function Actions({ recording, onStop }: { recording: Recording; onStop: () => void }) {
  const { source } = recording;
  if (isUnderWay(recording)) {
    return canStop(recording) ? (
      <button type="button" class="button button-small button-danger" onClick={onStop}>
        Stop
      </button>
    ) : (
      <span class="hint">ends by itself</span>
    );
  }
  if (source === null) {
    return <span class="hint">no records</span>;
  }
  return (
    <span class="buttons buttons-row">
      <a class="button button-small" href={href("investigate", { source })}>
        Investigate
      </a>
      {hasReport(recording) ? (
        <a class="button button-small" href={href("compare", { before: source })}>
          Compare
        </a>
      ) : null}
    </span>
  );
}
