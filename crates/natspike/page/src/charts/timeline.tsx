/**
 * Bytes by time and service as stacked bars, with a window that is drawn,
 * moved and resized by mouse, touch or keyboard.
 *
 * **Invariants.** The window's borders are those of bars. What is shown is
 * named in a tip, never by its colour alone.
 */
import { scaleLinear } from "d3-scale";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Timeline as Data } from "../api/types.ts";
import { bytes, exactBytes } from "../format/bytes.ts";
import { duration, onAxis, span } from "../format/time.ts";
import { announce } from "../state/session.ts";
import { localTime } from "../state/theme.ts";
import { type Bar, type Bars, barsOf, byteTicks, type Range, timeStep, timeTicks } from "./bars.ts";
import { type Grip, useBrush } from "./brush.ts";
import { type Series, serviceName } from "./series.ts";
import { useWidth } from "./width.ts";

const HEIGHT = 202;
const MARGIN = { top: 22, right: 10, bottom: 26, left: 62 };
const LEAST_BAR = 3;
const TIP_ROWS = 8;
/** Pixels from one time to the next at the least, and half of a label. */
const LEAST_TICK = 68;
const HALF_LABEL = 26;
const DAY = 86_400;
/** What is longer has days only, because a time of day would not differ. */
const LONG = 2 * DAY;

export interface TimelineProps {
  data: Data;
  series: Series;
  /** The time that is drawn where it is longer than that of the data. */
  time?: Range | undefined;
  /** The window; undefined is all. */
  range: Range | undefined;
  /** Left out where no window can be chosen. */
  onRange: ((range: Range | undefined) => void) | undefined;
  /** The service that is pointed at in the legend; the others are dimmed. */
  lit: string | null | undefined;
}

export function Timeline({ data, series, time, range, onRange, lit }: TimelineProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const inner = Math.max(10, width - MARGIN.left - MARGIN.right);
  const bars = useMemo(
    () => barsOf(data, Math.floor(inner / LEAST_BAR), time),
    [data, inner, time?.from, time?.until],
  );
  const [tip, setTip] = useState<Bar | undefined>(undefined);
  const { shown, layer, handlers } = useBrush({
    bars,
    range,
    onRange: onRange ?? (() => undefined),
    inner,
  });
  if (width === 0) {
    return <div ref={box} class="timeline" />;
  }
  const x = scaleLinear([bars.start, bars.end], [0, inner]);
  const point = (event: PointerEvent) => {
    if (event.buttons > 0) {
      setTip(undefined);
      return;
    }
    const at = x.invert(event.offsetX);
    setTip(bars.bars.find((bar) => at >= bar.start && at < bar.start + bars.step));
  };
  return (
    <div ref={box} class="timeline">
      <svg width={width} height={HEIGHT} role="img" aria-label={summary(bars, data)}>
        <g transform={`translate(${MARGIN.left},${MARGIN.top})`}>
          <Axes bars={bars} inner={inner} period={data.period_seconds} />
          <Stacks bars={bars} data={data} series={series} inner={inner} lit={lit} />
        </g>
      </svg>
      {onRange ? (
        <div
          ref={layer}
          class="brush"
          role="group"
          tabIndex={0}
          aria-roledescription="time window"
          aria-label={`${shown ? span(shown.from, shown.until) : "All of the time"}. Arrow keys move the window, shift and arrow keys resize it, Escape clears it.`}
          {...handlers}
          onPointerMove={(event) => {
            handlers.onPointerMove(event);
            point(event);
          }}
          onPointerLeave={() => setTip(undefined)}
        />
      ) : (
        <div class="brush still" onPointerMove={point} onPointerLeave={() => setTip(undefined)} />
      )}
      <Window range={shown} x={x} />
      {tip ? (
        <Tip bar={tip} bars={bars} data={data} series={series} left={x(tip.start)} inner={inner} />
      ) : null}
    </div>
  );
}

/** The window as a pane over the bars; what is outside is dimmed. */
function Window({ range, x }: { range: Range | undefined; x: (time: number) => number }) {
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = pane.current;
    if (element && range) {
      element.style.left = `${MARGIN.left + x(range.from)}px`;
      element.style.width = `${Math.max(2, x(range.until) - x(range.from))}px`;
    }
  });
  const grips: Grip[] = ["from", "until"];
  return range ? (
    <div ref={pane} class="window">
      {grips.map((grip) => (
        <span key={grip} class={`grip grip-${grip}`} />
      ))}
    </div>
  ) : null;
}

interface AxesProps {
  bars: Bars;
  inner: number;
  /** Seconds of a period: no tick stands within one. */
  period: number;
}

function Axes({ bars, inner, period }: AxesProps) {
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const ticks = byteTicks(Number(bars.largest), 3);
  const y = scaleLinear([0, ticks.at(-1) ?? 1], [height, 0]);
  const x = scaleLinear([bars.start, bars.end], [0, inner]);
  const offset = localTime.value ? -new Date(bars.start * 1000).getTimezoneOffset() * 60 : 0;
  const many = Math.max(2, Math.floor(inner / LEAST_TICK));
  const isLong = bars.end - bars.start > LONG && DAY % period === 0;
  const step = timeStep(bars.start, bars.end, many, isLong ? DAY : Math.max(1, period));
  const times = timeTicks(bars.start, bars.end, step, offset);
  return (
    <g class="axes">
      <text class="unit" x={8 - MARGIN.left} y={-12}>
        {`bytes in ${duration(bars.step)}`}
      </text>
      {ticks.map((tick) => (
        <g key={tick} transform={`translate(0,${y(tick)})`}>
          <line class={tick === 0 ? "base" : "grid"} x2={inner} />
          <text x={-8} dy="0.32em" text-anchor="end">
            {tick === 0 ? "0" : byteTick(tick)}
          </text>
        </g>
      ))}
      {times.map((time) => (
        <g key={time} transform={`translate(${x(time)},${height})`}>
          <line class="base" y2={4} />
          <TimeLabel text={onAxis(time, step)} room={inner + MARGIN.right - x(time)} />
        </g>
      ))}
    </g>
  );
}

/** Below its tick; at the right edge as far to the left as it takes. */
function TimeLabel({ text, room }: { text: string; room: number }) {
  const isEdge = room < HALF_LABEL;
  return (
    <text x={isEdge ? room - 1 : 0} y={18} text-anchor={isEdge ? "end" : "middle"}>
      {text}
    </text>
  );
}

interface StacksProps {
  bars: Bars;
  data: Data;
  series: Series;
  inner: number;
  lit: string | null | undefined;
}

/** A path of all its bars for each service, those with most bytes at the base. */
function Stacks({ bars, data, series, inner, lit }: StacksProps) {
  const paths = useMemo(() => {
    const height = HEIGHT - MARGIN.top - MARGIN.bottom;
    const top = byteTicks(Number(bars.largest), 3).at(-1) ?? 1;
    const y = scaleLinear([0, top], [height, 0]);
    const x = scaleLinear([bars.start, bars.end], [0, inner]);
    const each = x(bars.start + bars.step) - x(bars.start);
    const gap = each > 6 ? 1 : 0;
    const drawn = data.services.map(() => "");
    for (const bar of bars.bars) {
      let below = 0;
      bar.bytes.forEach((count, at) => {
        const above = below + Number(count);
        if (count > 0n) {
          const [low, high] = [y(below), y(above)].map((value) => value.toFixed(1));
          const left = x(bar.start).toFixed(1);
          drawn[at] += `M${left},${low}V${high}h${(each - gap).toFixed(1)}V${low}z`;
        }
        below = above;
      });
    }
    return drawn;
  }, [bars, data, inner]);
  return (
    <g>
      {paths.map((path, at) => {
        const service = data.services[at] ?? null;
        const isDim = lit !== undefined && lit !== service;
        return (
          <path
            key={serviceName(service)}
            class={series(service) + (isDim ? " faded" : "")}
            d={path}
          />
        );
      })}
    </g>
  );
}

interface TipProps {
  bar: Bar;
  bars: Bars;
  data: Data;
  series: Series;
  left: number;
  inner: number;
}

function Tip({ bar, bars, data, series, left, inner }: TipProps) {
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = pane.current;
    if (element) {
      const isRight = left > inner / 2;
      element.style.left = isRight ? "" : `${MARGIN.left + left + 14}px`;
      element.style.right = isRight ? `${MARGIN.right + inner - left + 6}px` : "";
    }
  });
  const rows = data.services
    .map((service, at) => ({ service, count: bar.bytes[at] ?? 0n }))
    .filter((row) => row.count > 0n)
    .sort((a, b) => (a.count < b.count ? 1 : -1));
  return (
    <div ref={pane} class="tip" aria-hidden="true">
      <p class="tip-head">{span(bar.start, bar.start + bars.step)}</p>
      <table>
        <tbody>
          {rows.slice(0, TIP_ROWS).map((row) => (
            <tr key={serviceName(row.service)}>
              <td>
                <span class={`swatch ${series(row.service)}`} /> {serviceName(row.service)}
              </td>
              <td class="number">{bytes(String(row.count))}</td>
            </tr>
          ))}
          <tr>
            <td>{rows.length > TIP_ROWS ? `all ${rows.length}` : "all"}</td>
            <td class="number">{bytes(String(bar.total))}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** Ticks are round, so their zeros go. */
function byteTick(tick: number): string {
  return bytes(tick)
    .replace(/\.0+ /, " ")
    .replace(/(\.\d)0 /, "$1 ");
}

function summary(bars: Bars, data: Data): string {
  const most = bars.bars.find((bar) => bar.total === bars.largest);
  if (!most) {
    return "No bytes at any time.";
  }
  const names = data.services.slice(0, 3).map(serviceName).join(", ");
  return `Bytes by ${duration(bars.step)} from ${span(bars.start, bars.end)}. The most, ${exactBytes(String(most.total))}, from ${span(most.start, most.start + bars.step)}. Services with the most bytes: ${names}.`;
}

/** Says the window after it changed. */
export function announceRange(range: Range | undefined): void {
  announce(range ? `Window ${span(range.from, range.until)}.` : "All of the time.");
}
