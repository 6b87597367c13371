/**
 * What stays as it was while the filter changes: the colours of services, and
 * the time that the timeline draws.
 *
 * **Invariants.** A service keeps its colour, and the time grows and never
 * shrinks, as long as the same sources are read with the same options.
 */
import { useRef } from "preact/hooks";
import type { Timeline } from "../../api/types.ts";
import { extentOf, type Range } from "../../charts/bars.ts";
import { type Series, seriesOf } from "../../charts/series.ts";
import type { Asked } from "../../state/report-address.ts";

export interface Drawn {
  /** In the order in which they got their colours. */
  services: (string | null)[];
  time: Range | undefined;
}

export const NOTHING_DRAWN: Drawn = { services: [], time: undefined };

/** With what another timeline adds; the same object where it adds nothing. */
export function drawnToo(before: Drawn, timeline: Timeline): Drawn {
  const more = timeline.services.filter((service) => !before.services.includes(service));
  const own = extentOf(timeline);
  const time = own && before.time ? joined(before.time, own) : (own ?? before.time);
  const isSame = time?.from === before.time?.from && time?.until === before.time?.until;
  return more.length === 0 && isSame ? before : { services: [...before.services, ...more], time };
}

function joined(one: Range, other: Range): Range {
  return {
    from: Math.min(one.from, other.from),
    until: Math.max(one.until, other.until),
  };
}

interface Kept {
  asked: string;
  timeline: Timeline | undefined;
  drawn: Drawn;
  series: Series;
}

/** Colours and time of all timelines so far of the same sources and options but the filter. */
export function useDrawn({ sources, options }: Asked, timeline: Timeline | undefined): Kept {
  const asked = JSON.stringify([sources, { ...options, where: null }]);
  const first = { asked, timeline: undefined, drawn: NOTHING_DRAWN, series: seriesOf([]) };
  const kept = useRef<Kept>(first);
  if (timeline && timeline !== kept.current.timeline) {
    const before = kept.current.asked === asked ? kept.current : first;
    const drawn = drawnToo(before.drawn, timeline);
    const series = drawn === before.drawn ? before.series : seriesOf(drawn.services);
    kept.current = { asked, timeline, drawn, series };
  }
  return kept.current;
}
