/**
 * Rows as areas, each a button; the largest first in the order of Tab.
 *
 * **Invariants.** An area is its row's bytes; names and figures stand in it
 * where there is room, and always in its title and its name, which begins with what is shown.
 */
import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import type { Ref } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { bytes, exactBytes, percent } from "../format/bytes.ts";
import { useWidth } from "./width.ts";

const HEIGHT = 340;
/** So many pixels a tile on the average, and so much wider than tall, that names fit. */
const ROOM = 6600;
const RATIO = 2.2;
/** Between tiles; wider from left to right, as the tiles are. */
const GAP = 1.5;
/** Smaller areas cannot be hit, and are no buttons. */
const LEAST = 26;

export interface Tile {
  key: string;
  label: string;
  note?: string | undefined;
  bytes: number | string;
  share: number | null;
  /** The class of its colour. */
  look: string;
  term: string | null;
}

export interface TreemapProps {
  label: string;
  tiles: Tile[];
  /** How many there are at the server. */
  many: number;
  onTerm: (term: string) => void;
}

interface Area {
  tile: Tile;
  x: number;
  y: number;
  width: number;
  height: number;
}

export function Treemap({ label, tiles, many, onTerm }: TreemapProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const areas = useMemo(() => {
    const fit = Math.max(1, Math.floor((width * HEIGHT) / ROOM));
    return layout(tiles.slice(0, fit), width);
  }, [tiles, width]);
  return (
    <section class="treemap" aria-label={label}>
      <div ref={box} class="treemap-box">
        {areas.map((area) => (
          <Rectangle key={area.tile.key} area={area} onTerm={onTerm} />
        ))}
      </div>
      {areas.length > 0 && many > areas.length ? (
        <p class="hint">
          The {areas.length} largest of {many}; the others are in the tables.
        </p>
      ) : null}
    </section>
  );
}

function layout(tiles: Tile[], width: number): Area[] {
  if (width === 0 || tiles.length === 0) {
    return [];
  }
  type Node = { tile?: Tile; children?: Node[] };
  const root = hierarchy<Node>({ children: tiles.map((tile) => ({ tile })) })
    .sum((node) => (node.tile ? Math.max(0, Number(node.tile.bytes)) : 0))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const leaves = treemap<Node>()
    .tile(treemapSquarify.ratio(1))
    .size([width / RATIO, HEIGHT])
    .paddingInner(GAP)(root)
    .leaves();
  return leaves.flatMap((leaf) =>
    leaf.data.tile
      ? [
          {
            tile: leaf.data.tile,
            x: leaf.x0 * RATIO,
            y: leaf.y0,
            width: leaf.x1 * RATIO - leaf.x0 * RATIO,
            height: leaf.y1 - leaf.y0,
          },
        ]
      : [],
  );
}

function Rectangle({ area, onTerm }: { area: Area; onTerm: (term: string) => void }) {
  const button = useRef<HTMLElement>(null);
  const { tile, x, y, width, height } = area;
  useEffect(() => {
    const style = button.current?.style;
    if (style) {
      style.left = `${x}px`;
      style.top = `${y}px`;
      style.width = `${width}px`;
      style.height = `${height}px`;
    }
  }, [x, y, width, height]);
  const figures = `${bytes(tile.bytes)} · ${percent(tile.share)}`;
  const said = `${tile.label} ${figures}`;
  const isRoomy = width >= 64 && height >= 40;
  const title = `${tile.label}\n${exactBytes(tile.bytes)}, ${percent(tile.share)}${tile.note ? `\n${tile.note}` : ""}`;
  if (Math.min(width, height) < LEAST) {
    return (
      <span
        ref={button}
        class={`tile tile-small ${tile.look}`}
        role="img"
        aria-label={said}
        title={title}
      />
    );
  }
  return (
    <button
      ref={button as Ref<HTMLButtonElement>}
      type="button"
      class={`tile ${tile.look}`}
      aria-disabled={tile.term ? undefined : true}
      aria-label={tile.term ? `${said}. Filter by it.` : said}
      title={title}
      onClick={() => tile.term && onTerm(tile.term)}
    >
      {isRoomy ? (
        <>
          <span class="tile-name">{tile.label}</span> <span class="tile-note">{figures}</span>
        </>
      ) : null}
    </button>
  );
}
