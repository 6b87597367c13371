/**
 * The timeline with its window, its legend and its two fields.
 *
 * **Invariants.** The timeline is of all of the time; the window changes what
 * stands below it.
 */
import { useId, useMemo, useState } from "preact/hooks";
import type { Report } from "../../api/types.ts";
import { barsOf, type Range, snapped } from "../../charts/bars.ts";
import { MOST_SERIES, type Series, serviceName, serviceTerm } from "../../charts/series.ts";
import { announceRange, Timeline } from "../../charts/timeline.tsx";
import { bare, fromField, milliseconds, zone } from "../../format/time.ts";
import { Icon } from "../../parts/icon.tsx";
import { addTerm, setRange } from "./place.ts";

export interface WindowPanelProps {
  whole: Report;
  series: Series;
  /** The time that is drawn. */
  time: Range | undefined;
  range: Range | undefined;
  isBusy: boolean;
  took: number | undefined;
  /** False where there is nothing to choose a window from. */
  hasTimes: boolean;
}

export function WindowPanel(props: WindowPanelProps) {
  const { whole, series, time, range, isBusy, took, hasTimes } = props;
  const { timeline } = whole;
  const [lit, setLit] = useState<string | null | undefined>(undefined);
  const choose = (asked: Range | undefined) => {
    const isAll = asked && time && asked.from <= time.from && asked.until >= time.until;
    const next = isAll ? undefined : asked;
    setRange(next);
    announceRange(next);
  };
  if (timeline.points.length === 0 && !time) {
    return (
      <section class="panel">
        <h2>Timeline</h2>
        <p class="hint">No record that counts says a time at which bytes were billed.</p>
      </section>
    );
  }
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>
          Timeline <span class="hint">of bytes by service</span>
        </h2>
        <span class="hint" aria-live="off">
          {isBusy ? "Recomputing…" : took === undefined || !range ? "" : `in ${milliseconds(took)}`}
        </span>
      </div>
      <Timeline
        data={timeline}
        series={series}
        time={time}
        range={range}
        onRange={hasTimes ? choose : undefined}
        lit={lit}
      />
      <Legend services={timeline.services} series={series} onLit={setLit} />
      {hasTimes ? (
        <Fields whole={whole} time={time} range={range} onRange={choose} />
      ) : (
        <p class="hint">This reading kept no times, so that there is no window to choose.</p>
      )}
    </section>
  );
}

interface LegendProps {
  services: (string | null)[];
  series: Series;
  onLit: (service: string | null | undefined) => void;
}

function Legend({ services, series, onLit }: LegendProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? services : services.slice(0, MOST_SERIES + 1);
  return (
    <ul class="legend" aria-label="Services; each adds its filter">
      {shown.map((service) => (
        <li key={serviceName(service)}>
          <button
            type="button"
            class="legend-item"
            title={`Only ${serviceName(service)}`}
            onClick={() => addTerm(serviceTerm(service))}
            onPointerEnter={() => onLit(service)}
            onPointerLeave={() => onLit(undefined)}
            onFocus={() => onLit(service)}
            onBlur={() => onLit(undefined)}
          >
            <span class={`swatch ${series(service)}`} />
            <span class="line-label">{serviceName(service)}</span>
          </button>
        </li>
      ))}
      {services.length > shown.length ? (
        <li>
          <button type="button" class="legend-item" onClick={() => setWhole(true)}>
            {services.length - shown.length} more
          </button>
        </li>
      ) : null}
    </ul>
  );
}

interface FieldsProps {
  whole: Report;
  time: Range | undefined;
  range: Range | undefined;
  onRange: (range: Range | undefined) => void;
}

function Fields({ whole, time, range, onRange }: FieldsProps) {
  const id = useId();
  const bars = useMemo(
    () => barsOf(whole.timeline, Number.MAX_SAFE_INTEGER, time),
    [whole.timeline, time],
  );
  const [from, until] = [range?.from ?? bars.start, range?.until ?? bars.end];
  const change = (which: "from" | "until", at: number) => {
    const next =
      which === "from"
        ? snapped(bars, at, Math.max(until, at + bars.step))
        : snapped(bars, Math.min(from, at - bars.step), at);
    onRange(next);
  };
  return (
    <div class="window-fields">
      <span class="window-field">
        <label for={`${id}-from`}>From</label>
        <TimeField id={`${id}-from`} value={from} onChange={(at) => change("from", at)} />
      </span>
      <span class="window-field">
        <label for={`${id}-until`}>until</label>
        <TimeField id={`${id}-until`} value={until} onChange={(at) => change("until", at)} />
        <span class="hint">{zone()}</span>
      </span>
      <button
        type="button"
        class="button button-small"
        disabled={!range}
        onClick={() => onRange(undefined)}
      >
        <Icon name="close" size={12} /> All of the time
      </button>
    </div>
  );
}

interface TimeFieldProps {
  id: string;
  value: number;
  onChange: (at: number) => void;
}

/** A time as it is written everywhere on the page; what is none is marked and goes. */
function TimeField({ id, value, onChange }: TimeFieldProps) {
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const isWrong = typed !== undefined && fromField(typed) === undefined;
  return (
    <input
      id={id}
      type="text"
      class="time-field"
      autocomplete="off"
      spellcheck={false}
      title="2026-11-20 10:04, or 10:04:30 with seconds"
      aria-invalid={isWrong ? true : undefined}
      value={typed ?? bare(value)}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onChange={(event) => {
        const at = fromField(event.currentTarget.value);
        setTyped(undefined);
        if (at !== undefined) {
          onChange(at);
        }
      }}
    />
  );
}
