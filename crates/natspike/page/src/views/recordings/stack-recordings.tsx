/**
 * The recordings of the stack, those under way on top, and its gateways.
 */
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import type { Recording, Stack } from "../../api/types.ts";
import { bytes, exactBytes, percent } from "../../format/bytes.ts";
import { exactMoney, money } from "../../format/money.ts";
import { duration, time } from "../../format/time.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Empty, Problem } from "../../parts/notice.tsx";
import { type Loaded, useLoaded } from "../../parts/pickers/loading.ts";
import { href, params, setParams } from "../../state/location.ts";
import { reportHref } from "../../state/report-address.ts";
import { session } from "../../state/session.ts";
import { hasRecords, ordered, whyEnded } from "./ended.ts";
import { StartRecording } from "./start-recording.tsx";
import { StopRecording } from "./stop-recording.tsx";

interface Recordings {
  recordings: Recording[];
  older: boolean;
}

const AT_FIRST = 50;
/** While a recording is under way, the list is asked for this often. */
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
  const isRecording = recordings.some((one) => one.status === "RUNNING");
  const again = () => {
    stack.again();
    list.again();
  };
  useEffect(() => {
    if (isRecording) {
      const timer = setInterval(
        () => document.visibilityState === "visible" && again(),
        WHILE_RECORDING,
      );
      return () => clearInterval(timer);
    }
  }, [isRecording]);
  return (
    <>
      <div class="panel-head">
        <h2 id="stack-recordings">
          Recordings of the stack {name}
          {stack.value ? <span class="hint"> {stack.value.region}</span> : null}
        </h2>
        <button type="button" class="button button-small" disabled={list.isLoading} onClick={again}>
          <Icon name="refresh" /> Refresh
        </button>
      </div>
      {stack.problem ? <Problem error={stack.problem} retry={stack.again} /> : null}
      {stack.value ? <Gateways stack={stack.value} onStarted={again} /> : null}
      <List list={list} recordings={recordings} onStopped={again} />
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
  const words = { OK: "OK", ALARM: "in alarm", INSUFFICIENT_DATA: "without data" };
  return (
    <ul class="gateways" aria-label="Gateways">
      {stack.gateways.map((gateway) => (
        <li key={gateway.id}>
          <span class="mono">{gateway.id}</span>
          {gateway.alarm_state ? (
            <span class={looks[gateway.alarm_state]} title={gateway.alarm ?? undefined}>
              {`alarm ${words[gateway.alarm_state]}`}
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
  onStopped: () => void;
}

function List({ list, recordings, onStopped }: ListProps) {
  const [isStopping, setStopping] = useState<Recording | undefined>(undefined);
  if (list.problem) {
    return <Problem error={list.problem} retry={list.again} />;
  }
  if (!list.value) {
    return <p class="hint">Asking AWS for the recordings…</p>;
  }
  if (recordings.length === 0) {
    return (
      <Empty title="Nothing was recorded yet.">
        An alarm starts a recording by itself; you can start one of a gateway above.
      </Empty>
    );
  }
  return (
    <>
      <DataTable
        caption={`${recordings.length} recordings, those under way first`}
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
      render: (row) =>
        hasRecords(row) ? (
          <a class="mono" href={lookAt(row)}>
            {row.gateway}
          </a>
        ) : (
          <span class="mono">{row.gateway}</span>
        ),
    },
    { key: "status", label: "State", wide: true, render: (row) => <State recording={row} /> },
    {
      key: "cost_per_hour",
      label: "An hour",
      number: true,
      title: (row) => exactMoney(row.cost_per_hour, row.currency),
      render: (row) => money(row.cost_per_hour, row.currency),
    },
    {
      key: "bytes",
      label: "Processed",
      number: true,
      title: (row) => exactBytes(row.bytes),
      render: (row) => bytes(row.bytes),
    },
    { key: "started", label: "Began", render: (row) => time(row.started) },
    { key: "ended", label: "For", number: true, render: (row) => lasted(row) },
    {
      key: "coverage",
      label: "Coverage",
      number: true,
      title: () => "What the records explain of the gateway's own metrics",
      render: (row) => percent(row.coverage),
    },
    {
      key: "source",
      label: "What to do",
      render: (row) => <Actions recording={row} onStop={() => onStop(row)} />,
    },
  ];
}

/** Where a recording is looked at: live, or as a report. */
function lookAt(recording: Recording): string {
  return recording.status === "RUNNING"
    ? href("live", { recording: recording.execution })
    : reportHref([recording.source]);
}

function lasted({ started, ended }: Recording): string {
  return duration((ended ?? Math.floor(Date.now() / 1000)) - started);
}

function State({ recording }: { recording: Recording }) {
  const looks: Record<Recording["status"], string> = {
    RUNNING: "badge badge-good",
    SUCCEEDED: "badge",
    FAILED: "badge badge-bad",
    TIMED_OUT: "badge badge-bad",
    ABORTED: "badge badge-warn",
  };
  const words: Record<Recording["status"], string> = {
    RUNNING: "recording",
    SUCCEEDED: recording.why_not ? "not recorded" : "ended",
    FAILED: "failed",
    TIMED_OUT: "timed out",
    ABORTED: "aborted",
  };
  const why = recording.status === "RUNNING" ? "" : whyEnded(recording);
  return (
    <>
      <span class={looks[recording.status]}>{words[recording.status]}</span> {why}
    </>
  );
}

function Actions({ recording, onStop }: { recording: Recording; onStop: () => void }) {
  if (!hasRecords(recording)) {
    return <span class="hint">no records</span>;
  }
  if (recording.status === "RUNNING") {
    return (
      <span class="buttons">
        <button type="button" class="button button-small button-danger" onClick={onStop}>
          Stop
        </button>
      </span>
    );
  }
  return (
    <span class="buttons">
      <a class="button button-small" href={href("investigate", { source: recording.source })}>
        Investigate
      </a>
      <a class="button button-small" href={href("compare", { before: recording.source })}>
        Compare
      </a>
    </span>
  );
}
