/**
 * Who moved how much when: a band for each address of top-talkers.
 *
 * **Invariants.** It only draws what the table has; bands share one scale, and the
 * figures stand in the table below.
 */
import type { FoundTable } from "../../api/types.ts";
import { bytes, exactBytes, toDrawn } from "../../format/bytes.ts";
import { clock, time } from "../../format/time.ts";

/** The most addresses that are drawn. */
const MOST = 6;
const [WIDTH, HEIGHT] = [1000, 40];

export function Talkers({ table }: { table: FoundTable }) {
  const bands = bandsOf(table);
  const starts = bands.flatMap((band) => band.points.map((point) => point.start));
  const distinct = [...new Set(starts)].sort((one, other) => one - other);
  // One period alone has no course of time.
  if (distinct.length < 2) {
    return null;
  }
  const [first, last] = [Math.min(...starts), Math.max(...starts)];
  const step = Math.min(...distinct.slice(1).map((start, at) => start - (distinct[at] ?? 0)));
  const most = Math.max(...bands.flatMap((band) => band.points.map((point) => point.drawn)));
  const span = Math.max(last - first + step, 1);
  return (
    <figure class="talkers">
      <figcaption class="hint">
        {`Bytes by period, from ${time(first)}; the highest bar is ${bytes(Math.round(most))}. The figures are in the table.`}
      </figcaption>
      {bands.slice(0, MOST).map((band) => (
        <div class="talker" key={band.address}>
          <span class="mono">{band.address}</span>
          <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
            {band.points.map((point) => (
              <rect
                key={point.start}
                class="bar-part"
                x={((point.start - first) / span) * WIDTH}
                y={HEIGHT - (point.drawn / most) * HEIGHT}
                width={Math.max(1, (step / span) * WIDTH - 1)}
                height={(point.drawn / most) * HEIGHT}
              >
                <title>{`${clock(point.start)}: ${point.said}`}</title>
              </rect>
            ))}
          </svg>
        </div>
      ))}
    </figure>
  );
}

interface Band {
  address: string;
  points: { start: number; drawn: number; said: string }[];
}

/** The rows by address, in the order in which addresses come. */
function bandsOf(table: FoundTable): Band[] {
  const [who, when] = ["address", "period_start"].map((name) =>
    table.columns.findIndex((column) => column.name === name),
  ) as [number, number];
  const bands = new Map<string, Band>();
  for (const row of table.rows) {
    const [address, start] = [row.cells[who], row.cells[when]];
    if (typeof address === "string" && typeof start === "number") {
      const band = bands.get(address) ?? { address, points: [] };
      band.points.push({
        start,
        drawn: toDrawn(row.sums.bytes),
        said: exactBytes(row.sums.bytes),
      });
      bands.set(address, band);
    }
  }
  return [...bands.values()];
}
