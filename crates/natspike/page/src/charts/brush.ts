/**
 * What pointer and keys do to the window of the timeline.
 *
 * **Invariants.** While it is drawn the window moves at once; it is handed on
 * when the pointer rests or is let go, and after each key.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Bars, type Range, resized, shifted, snapped } from "./bars.ts";

/** What of a window is held. */
export type Grip = "from" | "until" | "all" | "new";

const REACH = 9;
const REACH_OF_TOUCH = 22;
const REST_MILLISECONDS = 120;
const LEAST_DRAG = 4;

interface BrushProps {
  bars: Bars;
  range: Range | undefined;
  onRange: (range: Range | undefined) => void;
  /** Pixels from the first bar to the end of the last. */
  inner: number;
}

interface Drag {
  grip: Grip;
  /** Where it began. */
  x: number;
  time: number;
  before: Range | undefined;
  moved: boolean;
}

/** The window that is shown, the layer that hears, and what it hears. */
export function useBrush({ bars, range, onRange, inner }: BrushProps) {
  const layer = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<Range | undefined>(range);
  const drag = useRef<Drag | undefined>(undefined);
  const timer = useRef(0);
  useEffect(() => {
    if (!drag.current) {
      setDrawn(range);
    }
  }, [range?.from, range?.until]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const timeAt = (x: number) => bars.start + (x / inner) * (bars.end - bars.start);
  const placeOf = (time: number) => ((time - bars.start) / (bars.end - bars.start)) * inner;

  const show = (next: Range | undefined, pause = REST_MILLISECONDS) => {
    setDrawn(next);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onRange(next), pause);
  };

  const gripAt = (x: number, reach: number): Grip => {
    if (!drawn) {
      return "new";
    }
    const [from, until] = [placeOf(drawn.from), placeOf(drawn.until)];
    if (Math.abs(x - until) <= reach && x >= (from + until) / 2) {
      return "until";
    }
    if (Math.abs(x - from) <= reach) {
      return "from";
    }
    return x > from && x < until ? "all" : "new";
  };

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || bars.bars.length === 0) {
      return;
    }
    const x = event.offsetX;
    const grip = gripAt(x, event.pointerType === "touch" ? REACH_OF_TOUCH : REACH);
    layer.current?.setPointerCapture(event.pointerId);
    drag.current = { grip, x, time: timeAt(x), before: drawn, moved: false };
  };

  const onPointerMove = (event: PointerEvent) => {
    const held = drag.current;
    const x = event.offsetX;
    if (!held) {
      const grip = gripAt(x, REACH);
      if (layer.current) {
        layer.current.style.cursor =
          grip === "all" ? "grab" : grip === "new" ? "crosshair" : "ew-resize";
      }
      return;
    }
    held.moved ||= Math.abs(x - held.x) >= LEAST_DRAG;
    if (held.moved) {
      show(dragged(bars, held, timeAt(x)));
    }
  };

  const onPointerUp = () => {
    const held = drag.current;
    drag.current = undefined;
    if (held?.moved) {
      show(drawn, 0);
    } else if (held?.grip === "new" && drawn) {
      show(undefined, 0);
    }
  };

  const onPointerCancel = () => {
    const held = drag.current;
    drag.current = undefined;
    if (held) {
      show(held.before, 0);
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const next = keyed(bars, drawn, event);
    if (next !== "other") {
      event.preventDefault();
      show(next);
    }
  };

  const handlers = { onPointerDown, onPointerMove, onPointerUp, onPointerCancel, onKeyDown };
  return { shown: drawn, layer, handlers };
}

function dragged(bars: Bars, held: Drag, time: number): Range {
  const { grip, before } = held;
  if (!before || grip === "new") {
    return snapped(bars, held.time, time);
  }
  if (grip === "all") {
    return shifted(bars, before, Math.round((time - held.time) / bars.step));
  }
  return grip === "from" ? snapped(bars, time, before.until) : snapped(bars, before.from, time);
}

/** The window after a key; `other` where the key is not the brush's. */
export function keyed(
  bars: Bars,
  range: Range | undefined,
  event: Pick<KeyboardEvent, "key" | "shiftKey">,
): Range | undefined | "other" {
  const many = (bars.end - bars.start) / bars.step;
  const by = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
  if (event.key === "Escape") {
    return range ? undefined : "other";
  }
  if (by !== undefined) {
    const first = snapped(bars, bars.start, bars.start + Math.ceil(many / 10) * bars.step);
    if (!range) {
      return by > 0 ? first : shifted(bars, first, many);
    }
    return event.shiftKey ? resized(bars, range, by) : shifted(bars, range, by);
  }
  if ((event.key === "Home" || event.key === "End") && range) {
    return shifted(bars, range, event.key === "Home" ? -many : many);
  }
  return "other";
}
