/**
 * Who sends how much through which service to whom, as bands.
 *
 * **Invariants.** Every node is a button of its name and bytes; one that the
 * server has a filter for adds it, a service that of the service. What is thin
 * stays visible; labels stand beside the bands, or above a service.
 */
import { sankey } from "d3-sankey";
import { useMemo, useState } from "preact/hooks";
import type { Flow, FlowNode } from "../api/types.ts";
import { bytes, exactBytes, percent } from "../format/bytes.ts";
import { money } from "../format/money.ts";
import { NO_SERVICE, type Series, serviceTerm } from "./series.ts";
import { useWidth } from "./width.ts";

const NODE_WIDTH = 12;
const NODE_PADDING = 32;
/** Between two services at the most. */
const MOST_GAP = 84;
/** How far a band goes on straight, as a part of its way. */
const BEND = 0.66;
/** Above the first node, for the head and the label of a service. */
const TOP = 46;
/** What is thinner is drawn so thick, in a stronger tone. */
const LEAST_BAND = 2;
/** In less room the labels of all columns stand above their nodes. */
const ROOMY = 540;
const LEAST_WIDTH = 300;
/** How wide a bold letter is at the most, about. */
const LETTER = 8;
/** How wide the label of a service may be. */
const SERVICE_ROOM = 240;
const HEADS = ["source", "service", "destination"];

export interface SankeyProps {
  flow: Flow;
  series: Series;
  currency: string;
  onTerm: (term: string) => void;
}

type Placed = FlowNode & { x0: number; x1: number; y0: number; y1: number };
interface Band {
  source: Placed;
  target: Placed;
  width: number;
  /** Where its middle begins and ends. */
  y0: number;
  y1: number;
  bytes: Flow["total"];
}

export function Sankey({ flow, series, currency, onTerm }: SankeyProps) {
  const [box, room] = useWidth<HTMLDivElement>();
  const width = Math.max(LEAST_WIDTH, room);
  const margin = width < ROOMY ? 0 : Math.min(210, Math.max(116, width * 0.19));
  const [lit, setLit] = useState<number | undefined>(undefined);
  const { nodes, bands, height } = useMemo(
    () => layout(flow, width, margin),
    [flow, width, margin],
  );
  return (
    <section
      ref={box}
      class="sankey"
      tabIndex={0}
      aria-label="Flow from source by service to destination"
    >
      {room === 0 ? null : (
        <svg
          width={width}
          height={height}
          role="group"
          aria-label="Sources, services, destinations"
        >
          {HEADS.map((head, at) => (
            <text
              key={head}
              class="sankey-head"
              x={headAt(at, width, margin)}
              y={12}
              text-anchor={anchor(at, margin)}
            >
              {head}
            </text>
          ))}
          <g class="bands">
            {bands.map((band) => (
              <path
                key={`${band.source.id} ${band.target.id}`}
                class={bandLook(band, series, lit)}
                d={curve(band)}
                stroke-width={Math.max(LEAST_BAND, band.width)}
              >
                <title>{`${band.source.label} → ${band.target.label}: ${exactBytes(band.bytes)}`}</title>
              </path>
            ))}
          </g>
          {nodes.map((node) => (
            <Node
              key={node.id}
              node={node}
              whole={flow.processed}
              margin={margin}
              width={width}
              series={series}
              currency={currency}
              onTerm={onTerm}
              onLit={setLit}
            />
          ))}
        </svg>
      )}
    </section>
  );
}

function layout(flow: Flow, width: number, margin: number) {
  const known = new Set(flow.nodes.map((node) => node.id));
  const links = flow.links
    .filter((link) => Number(link.bytes) > 0 && known.has(link.source) && known.has(link.target))
    .map((link) => ({ ...link, value: Number(link.bytes) }));
  const joined = new Set(links.flatMap((link) => [link.source, link.target]));
  const nodes = flow.nodes.filter((node) => joined.has(node.id)).map((node) => ({ ...node }));
  const most = Math.max(
    1,
    ...[0, 1, 2].map((at) => nodes.filter((node) => node.column === at).length),
  );
  const height = Math.max(260, most * (margin === 0 ? 56 : 46) + 40);
  if (links.length === 0) {
    return { nodes: [] as Placed[], bands: [] as Band[], height };
  }
  const drawn = sankey<FlowNode, (typeof links)[number]>()
    .nodeId((node) => node.id)
    .nodeAlign((node) => (node as unknown as FlowNode).column)
    // The server's order: the largest first, the others last.
    .nodeSort((one, other) => one.id - other.id)
    .nodeWidth(NODE_WIDTH)
    .nodePadding(NODE_PADDING)
    .extent([
      [margin, TOP],
      [width - margin, height - 18],
    ]);
  const graph = drawn({ nodes, links });
  spread(
    (graph.nodes as unknown as Placed[]).filter((node) => node.column === 1),
    TOP,
    height - 18,
  );
  drawn.update(graph);
  // Thin bands lie above thick ones.
  const bands = (graph.links as unknown as Band[]).sort((one, other) => other.width - one.width);
  return { nodes: graph.nodes as unknown as Placed[], bands, height };
}

/** Gives the services the room that there is, for their labels. */
function spread(services: Placed[], top: number, bottom: number): void {
  const filled = services.reduce((sum, node) => sum + node.y1 - node.y0, 0);
  const gap = Math.min(MOST_GAP, (bottom - top - filled) / Math.max(1, services.length));
  const used = filled + gap * (services.length - 1);
  let y = top + Math.max(0, (bottom - top - used) / 2);
  for (const node of services.sort((one, other) => one.y0 - other.y0)) {
    const tall = node.y1 - node.y0;
    [node.y0, node.y1] = [y, y + tall];
    y += tall + gap;
  }
}

/** Flat near its nodes, so that it keeps off their labels. */
function curve({ source, target, y0, y1 }: Band): string {
  const bend = (target.x0 - source.x1) * BEND;
  return `M${source.x1},${y0}C${source.x1 + bend},${y0} ${target.x0 - bend},${y1} ${target.x0},${y1}`;
}

function headAt(column: number, width: number, margin: number): number {
  return margin === 0
    ? ([0, width / 2, width][column] ?? 0)
    : ([margin - 8, width / 2, width - margin + 8][column] ?? 0);
}

/** Away from the bands, or within the diagram where there is no margin. */
function anchor(column: number, margin: number): "start" | "middle" | "end" {
  const sides = margin === 0 ? (["start", "end"] as const) : (["end", "start"] as const);
  return column === 1 ? "middle" : sides[column === 0 ? 0 : 1];
}

/** The service that a band passes, for its colour. */
function bandLook(band: Band, series: Series, lit: number | undefined): string {
  const service = band.source.column === 1 ? band.source : band.target;
  const isOff = lit !== undefined && band.source.id !== lit && band.target.id !== lit;
  const thin = band.width < LEAST_BAND ? " band-thin" : "";
  return `band${thin} ${series(serviceOf(service))}${isOff ? " faded" : ""}`;
}

/** The AWS service of a node of the middle column; null for none. */
function serviceOf(node: FlowNode): string | null {
  return node.name === NO_SERVICE ? null : node.name;
}

interface NodeProps {
  node: Placed;
  /** The bytes that are 100 %. */
  whole: Flow["processed"];
  margin: number;
  width: number;
  series: Series;
  currency: string;
  onTerm: (term: string) => void;
  onLit: (id: number | undefined) => void;
}

function Node(props: NodeProps) {
  const { node, whole, margin, width, series, currency, onTerm, onLit } = props;
  const isService = node.column === 1;
  const term = node.filter && isService ? serviceTerm(serviceOf(node)) : node.filter;
  const share = Number(whole) > 0 ? Number(node.bytes) / Number(whole) : null;
  const figures = `${bytes(node.bytes)} · ${percent(share)}`;
  const room = isService ? SERVICE_ROOM : margin - 12;
  const shown = cut(node.label, Math.floor((margin === 0 ? width / 3 : room) / LETTER));
  const full = shown === node.label ? "" : `, ${node.label}`;
  const said = `${shown} ${figures}${full}, ${money(node.cost, currency)}`;
  const use = () => term && onTerm(term);
  return (
    <g
      class={term ? "node node-filters" : "node"}
      role="button"
      tabIndex={0}
      aria-disabled={term ? undefined : true}
      aria-label={term ? `${said}. Filter by it.` : said}
      onClick={use}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          use();
        }
      }}
      onPointerEnter={() => onLit(node.id)}
      onPointerLeave={() => onLit(undefined)}
      onFocus={() => onLit(node.id)}
      onBlur={() => onLit(undefined)}
    >
      <title>{`${node.label}: ${exactBytes(node.bytes)}${term ? `\nFilter: ${term}` : ""}`}</title>
      <rect
        class={isService ? series(serviceOf(node)) : "series series-end"}
        x={node.x0}
        y={node.y0}
        width={NODE_WIDTH}
        height={Math.max(3, node.y1 - node.y0)}
        rx={2}
      />
      <Label node={node} margin={margin} shown={shown} figures={figures} />
    </g>
  );
}

interface LabelProps {
  node: Placed;
  margin: number;
  shown: string;
  figures: string;
}

/** Outside of the bands: above its node, or beside it in the margin. */
function Label({ node, margin, shown, figures }: LabelProps) {
  const isAbove = margin === 0 || node.column === 1;
  const beside = [node.x0 - 8, 0, node.x1 + 8][node.column] ?? 0;
  const above = [node.x0, (node.x0 + node.x1) / 2, node.x1][node.column] ?? 0;
  const x = isAbove ? above : beside;
  const y = isAbove ? node.y0 - 21 : (node.y0 + node.y1) / 2 - 6;
  return (
    <>
      <text class="node-label" x={x} y={y} dy="0.32em" text-anchor={anchor(node.column, margin)}>
        {shown}
      </text>{" "}
      <text
        class="node-note"
        x={x}
        y={y + 13}
        dy="0.32em"
        text-anchor={anchor(node.column, margin)}
      >
        {figures}
      </text>
    </>
  );
}

function cut(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, letters - 1))}…`;
}
