/**
 * The view `live`: a recording under way, read again as its records arrive.
 *
 * **Invariants.** It says of when the last record is and when it was read. It reads only
 * while it is seen, and no more once the recording is over.
 */
import { useEffect, useState } from "preact/hooks";
import { api } from "../../api/client.ts";
import type { Recording, Recordings } from "../../api/types.ts";
import { duration, milliseconds, time } from "../../format/time.ts";
import { Icon } from "../../parts/icon.tsx";
import { Empty, Notice, Problem } from "../../parts/notice.tsx";
import { type Loaded, useLoaded } from "../../parts/pickers/loading.ts";
import { useTitle } from "../../parts/pickers/title.ts";
import { href, params, setParams } from "../../state/location.ts";
import { reportHref } from "../../state/report-address.ts";
import { session } from "../../state/session.ts";
import {
  canStop,
  isUnderWay,
  lasted,
  nameOf,
  startedBy,
  stateOf,
  whyEnded,
} from "../recordings/ended.ts";
import { StopRecording } from "../recordings/stop-recording.tsx";
import { Figures } from "./figures.tsx";
import { type Reading, useReading } from "./reading.ts";

/** How often it is asked whether the recording is still under way. */
const ASK_STATE = 30_000;
/** Of how many of the last ones: each costs requests to AWS. */
const LATEST = 20;

type List = Loaded<Recordings>;

export function LiveView() {
  const known = session.value;
  const list = useLoaded(known?.stack ? "recordings" : null, (signal) =>
    api.get<Recordings>("/stack/recordings", { limit: LATEST }, { signal }),
  );
  const execution = params.value.get("recording");
  const shown = list.value?.recordings.find((one) => one.execution === execution);
  const isOver = shown !== undefined && !isUnderWay(shown);
  useEffect(() => {
    const timer = setInterval(() => {
      if (known?.stack && !isOver && document.visibilityState === "visible") {
        list.again();
      }
    }, ASK_STATE);
    return () => clearInterval(timer);
  }, [known?.stack, isOver]);
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
function Choice({ list }: { list: List }) {
  const running = (list.value?.recordings ?? []).filter(isUnderWay);
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
                {nameOf(one)}
              </a>
              <p class="hint">
                since {time(one.started)} {startedBy(one)}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

function One({ execution, list }: { execution: string; list: List }) {
  const recording = list.value?.recordings.find((one) => one.execution === execution);
  useTitle(`Live ${recording ? nameOf(recording) : execution}`);
  const isPaused = params.value.get("paused") === "true";
  const isOver = recording !== undefined && !isUnderWay(recording);
  const isNothing = isOver && recording.source === null;
  const reading = useReading(isNothing ? null : `recording:${execution}`, !isPaused && !isOver);
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
          {recording ? nameOf(recording) : execution} <State recording={recording} />
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
          {isNothing ? null : (
            <>
              <button
                type="button"
                class="button"
                disabled={reading.isReading}
                onClick={reading.now}
              >
                <Icon name="refresh" /> Read now
              </button>
              <a class="button" href={reportHref([`recording:${execution}`])}>
                Report
              </a>
            </>
          )}
          {recording && canStop(recording) ? (
            <button type="button" class="button button-danger" onClick={() => setStopping(true)}>
              Stop the recording
            </button>
          ) : null}
        </div>
      </div>
      {isNothing ? null : (
        <Age recording={recording} reading={reading} isPaused={isPaused} isOver={isOver} />
      )}
      {list.problem ? <Problem error={list.problem} retry={list.again} /> : null}
      {list.value && !recording ? (
        <Notice
          kind="warning"
          title={`The stack has no such recording among its last ${LATEST}.`}
          action={
            <a class="button" href={href("")}>
              See its recordings
            </a>
          }
        >
          <p>One that has just begun may take a moment; this page goes on asking.</p>
        </Notice>
      ) : null}
      {isOver && recording ? (
        <Notice
          title={recording.source ? "The recording is over." : "Nothing was recorded."}
          action={
            recording.source ? (
              <a class="button button-main" href={reportHref([recording.source])}>
                Open its report
              </a>
            ) : (
              <a class="button" href={href("")}>
                See its recordings
              </a>
            )
          }
        >
          <p>{sentence(whyEnded(recording))}</p>
        </Notice>
      ) : null}
      {recording && !isOver && !canStop(recording) ? (
        <Notice title="The recording ends.">
          <p>{sentence(whyEnded(recording))} It is analyzed and mailed after them.</p>
        </Notice>
      ) : null}
      {reading.problem ? <Problem error={reading.problem} retry={reading.now} /> : null}
      {reading.report ? (
        <Figures report={reading.report} source={`recording:${execution}`} />
      ) : reading.problem || isNothing ? null : (
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

/** What begins small and has no end, as a sentence. */
function sentence(text: string): string {
  const capital = text.slice(0, 1).toUpperCase() + text.slice(1);
  return capital.endsWith(".") ? capital : `${capital}.`;
}

function State({ recording }: { recording: Recording | undefined }) {
  if (!recording) {
    return null;
  }
  const look = isUnderWay(recording) ? "badge badge-good" : "badge";
  return <span class={look}>{stateOf(recording)}</span>;
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
    facts.push(["Began", [time(recording.started), startedBy(recording)].join(" ").trim()]);
    facts.push(["Recorded for", lasted(recording, seconds)]);
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
