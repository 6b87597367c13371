/**
 * The view `live`: a recording under way, read again as its records arrive.
 *
 * **Invariants.** It says of when the last record is and when it was read. It reads only
 * while it is seen, and no more once the recording is over.
 */
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import type { Recording } from "../../api/types.ts";
import { duration, milliseconds, time } from "../../format/time.ts";
import { Icon } from "../../parts/icon.tsx";
import { Empty, Notice, Problem } from "../../parts/notice.tsx";
import { type Loaded, useLoaded } from "../../parts/pickers/loading.ts";
import { useTitle } from "../../parts/pickers/title.ts";
import { href, params, setParams } from "../../state/location.ts";
import { reportHref } from "../../state/report-address.ts";
import { session } from "../../state/session.ts";
import { whyEnded } from "../recordings/ended.ts";
import { StopRecording } from "../recordings/stop-recording.tsx";
import { Figures } from "./figures.tsx";
import { type Reading, useReading } from "./reading.ts";

/** How often it is asked whether the recording is still under way. */
const ASK_STATE = 15_000;

type Recordings = Loaded<{ recordings: Recording[] }>;

export function LiveView() {
  const known = session.value;
  const list = useLoaded(known?.stack ? "recordings" : null, (signal) =>
    api.get<{ recordings: Recording[] }>("/stack/recordings", { limit: 200 }, { signal }),
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (known?.stack && document.visibilityState === "visible") {
        list.again();
      }
    }, ASK_STATE);
    return () => clearInterval(timer);
  }, [known?.stack]);
  const execution = params.value.get("recording");
  if (known && !known.stack) {
    return (
      <div class="stack">
        <h1>Live</h1>
        <Empty title="No stack was named.">
          Start <code>natspike serve --stack NAME</code> to look at a recording while it is made.
        </Empty>
      </div>
    );
  }
  return execution ? <One execution={execution} list={list} /> : <Choice list={list} />;
}

/** Which recording, where the address names none. */
function Choice({ list }: { list: Recordings }) {
  const running = (list.value?.recordings ?? []).filter((one) => one.status === "RUNNING");
  return (
    <div class="stack">
      <h1>Live</h1>
      {list.problem ? <Problem error={list.problem} retry={list.again} /> : null}
      {!list.value && !list.problem ? <p class="hint">Asking what is recorded now…</p> : null}
      {list.value && running.length === 0 ? (
        <Empty
          title="Nothing is recorded now."
          action={
            <a class="button" href={href("")}>
              See recordings, or start one
            </a>
          }
        >
          An alarm starts a recording by itself.
        </Empty>
      ) : null}
      <ul class="entries">
        {running.map((one) => (
          <li class="entry" key={one.execution}>
            <div class="entry-text">
              <a class="entry-title mono" href={href("live", { recording: one.execution })}>
                {one.gateway}
              </a>
              <p class="hint">since {time(one.started)}</p>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

function One({ execution, list }: { execution: string; list: Recordings }) {
  const recording = list.value?.recordings.find((one) => one.execution === execution);
  useTitle(`Live ${recording?.gateway ?? execution}`);
  const isPaused = params.value.get("paused") === "true";
  const isOver = recording !== undefined && recording.status !== "RUNNING";
  const reading = useReading(`recording:${execution}`, !isPaused && !isOver);
  const [isStopping, setStopping] = useState(false);
  useEffect(() => {
    // What arrived until its end is read once more.
    if (isOver && reading.readAt !== undefined) {
      reading.now();
    }
  }, [isOver]);
  return (
    <div class="stack">
      <div class="panel-head">
        <h1>
          {recording?.gateway ?? execution} <State recording={recording} />
        </h1>
        <div class="buttons">
          {isOver ? null : (
            <button
              type="button"
              class="button"
              aria-pressed={isPaused}
              onClick={() => setParams({ paused: !isPaused }, { replace: true })}
            >
              <Icon name={isPaused ? "play" : "stop"} /> {isPaused ? "Go on reading" : "Pause"}
            </button>
          )}
          <button type="button" class="button" disabled={reading.isReading} onClick={reading.now}>
            <Icon name="refresh" /> Read now
          </button>
          <a class="button" href={reportHref([`recording:${execution}`])}>
            Report
          </a>
          {recording && !isOver ? (
            <button type="button" class="button button-danger" onClick={() => setStopping(true)}>
              Stop the recording
            </button>
          ) : null}
        </div>
      </div>
      <Age recording={recording} reading={reading} isPaused={isPaused} isOver={isOver} />
      {list.problem ? <Problem error={list.problem} retry={list.again} /> : null}
      {list.value && !recording ? (
        <Notice kind="warning" title="The stack has no such recording among its last 200.">
          <p>
            <a href={href("")}>See its recordings</a>
          </p>
        </Notice>
      ) : null}
      {isOver && recording ? (
        <Notice
          title={`The recording is over: ${whyEnded(recording)}.`}
          action={
            <a class="button button-main" href={reportHref([`recording:${execution}`])}>
              Open its report
            </a>
          }
        >
          <p>Records may arrive for some ten minutes more; the mail is sent after them.</p>
        </Notice>
      ) : null}
      {reading.problem ? <Problem error={reading.problem} retry={reading.now} /> : null}
      {reading.report ? (
        <Figures report={reading.report} source={`recording:${execution}`} />
      ) : reading.problem ? null : (
        <p class="hint">Reading what has arrived…</p>
      )}
      <StopRecording
        recording={isStopping ? recording : undefined}
        onClose={() => setStopping(false)}
        onStopped={list.again}
      />
    </div>
  );
}

function State({ recording }: { recording: Recording | undefined }) {
  if (!recording) {
    return null;
  }
  return recording.status === "RUNNING" ? (
    <span class="badge badge-good">recording</span>
  ) : (
    <span class="badge">over</span>
  );
}

interface AgeProps {
  recording: Recording | undefined;
  reading: Reading;
  isPaused: boolean;
  isOver: boolean;
}

/** Since when it is recorded, of when the last record is, and when it was read. */
function Age({ recording, reading, isPaused, isOver }: AgeProps) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor(now / 1000);
  const end = reading.report?.window.end;
  const facts: [string, string][] = [];
  if (recording) {
    const length = duration((recording.ended ?? seconds) - recording.started);
    facts.push(["Recorded since", `${time(recording.started)}, ${length}`]);
  }
  facts.push(["Last record", end ? `${time(end)}, ${duration(seconds - end)} ago` : "none yet"]);
  facts.push(["Read", readInWords(reading, now)]);
  if (!isOver) {
    facts.push(["Next", isPaused ? "paused" : nextInWords(reading, now)]);
  }
  return (
    <dl class="facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function readInWords({ isReading, readAt, took }: Reading, now: number): string {
  if (readAt === undefined) {
    return isReading ? "for the first time" : "not yet";
  }
  const ago = `${duration((now - readAt) / 1000)} ago, in ${milliseconds(took ?? 0)}`;
  return isReading ? `again, before ${ago}` : ago;
}

function nextInWords({ isReading, nextAt }: Reading, now: number): string {
  if (isReading || nextAt === undefined) {
    return "now";
  }
  return `in ${duration(Math.max(0, Math.ceil((nextAt - now) / 1000)))}, while this page is seen`;
}
