/**
 * Who sends how much through which service to whom, as bands.
 *
 * **Invariants.** Every node is a button of its name and bytes; one that the
 * server has a filter for adds it.
 */
import { sankey, sankeyLinkHorizontal } from "d3-sankey";
import { useMemo, useState } from "preact/hooks";
import type { Flow, FlowNode } from "../api/types.ts";
import { bytes, exactBytes, percent } from "../format/bytes.ts";
import { money } from "../format/money.ts";
import { NO_SERVICE, type Series } from "./series.ts";
import { useWidth } from "./width.ts";

const NODE_WIDTH = 12;
const NODE_PADDING = 30;
const LEAST_WIDTH = 540;
/** How wide a bold letter is at the most, about. */
const LETTER = 8;
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
  bytes: Flow["total"];
}

export function Sankey({ flow, series, currency, onTerm }: SankeyProps) {
  const [box, room] = useWidth<HTMLDivElement>();
  const width = Math.max(LEAST_WIDTH, room);
  const margin = Math.min(210, Math.max(116, width * 0.19));
  const [lit, setLit] = useState<string | undefined>(undefined);
  const { nodes, bands, height } = useMemo(
    () => layout(flow, width, margin),
    [flow, width, margin],
  );
  const path = sankeyLinkHorizontal();
  return (
    <section
      ref={box}
      class="sankey"
      tabIndex={0}
      aria-label="Flow from source by service to destination"
    >
      <p class="hint sideways">The diagram scrolls sideways.</p>
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
              text-anchor={anchor(at)}
            >
              {head}
            </text>
          ))}
          <g class="bands">
            {bands.map((band) => (
              <path
                key={`${band.source.id} ${band.target.id}`}
                class={bandLook(band, series, lit)}
                d={path(band as never) ?? ""}
                stroke-width={Math.max(1, band.width)}
              >
                <title>{`${band.source.label} → ${band.target.label}: ${exactBytes(band.bytes)}`}</title>
              </path>
            ))}
          </g>
          {nodes.map((node) => (
            <Node
              key={node.id}
              node={node}
              total={flow.total}
              room={margin}
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
  const height = Math.max(260, most * 46 + 40);
  if (links.length === 0) {
    return { nodes: [] as Placed[], bands: [] as Band[], height };
  }
  const graph = sankey<FlowNode, (typeof links)[number]>()
    .nodeId((node) => node.id)
    .nodeAlign((node) => (node as unknown as FlowNode).column)
    .nodeWidth(NODE_WIDTH)
    .nodePadding(NODE_PADDING)
    .extent([
      [margin, 26],
      [width - margin, height - 18],
    ])({ nodes, links });
  return {
    nodes: graph.nodes as unknown as Placed[],
    bands: graph.links as unknown as Band[],
    height,
  };
}

function headAt(column: number, width: number, margin: number): number {
  return [margin - 8, width / 2 + NODE_WIDTH / 2 + 8, width - margin + 8][column] ?? 0;
}

function anchor(column: number): "start" | "end" {
  return column === 0 ? "end" : "start";
}

/** The service that a band passes, for its colour. */
function bandLook(band: Band, series: Series, lit: string | undefined): string {
  const service = band.source.column === 1 ? band.source : band.target;
  const isOff = lit !== undefined && band.source.id !== lit && band.target.id !== lit;
  return `band ${series(service.name)}${isOff ? " faded" : ""}`;
}

interface NodeProps {
  node: Placed;
  total: Flow["total"];
  room: number;
  series: Series;
  currency: string;
  onTerm: (term: string) => void;
  onLit: (id: string | undefined) => void;
}

function Node({ node, total, room, series, currency, onTerm, onLit }: NodeProps) {
  const name = node.column === 1 && node.name === null ? node.label || NO_SERVICE : node.label;
  const share = Number(total) > 0 ? Number(node.bytes) / Number(total) : null;
  const said = `${name}: ${bytes(node.bytes)}, ${percent(share)}, ${money(node.cost, currency)}`;
  const use = () => node.filter && onTerm(node.filter);
  const letters = Math.floor((node.column === 1 ? 170 : room - 12) / LETTER);
  const look = node.column === 1 ? series(node.name) : "series series-end";
  const isLeft = node.column === 0;
  return (
    <g
      class={node.filter ? "node node-filters" : "node"}
      role="button"
      tabIndex={0}
      aria-disabled={node.filter ? undefined : true}
      aria-label={node.filter ? `${said}. Filter by it.` : said}
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
      <title>{`${said}\n${exactBytes(node.bytes)}${node.filter ? `\nFilter: ${node.filter}` : ""}`}</title>
      <rect
        class={look}
        x={node.x0}
        y={node.y0}
        width={NODE_WIDTH}
        height={Math.max(2, node.y1 - node.y0)}
        rx={2}
      />
      <text
        class="node-label"
        x={isLeft ? node.x0 - 8 : node.x1 + 8}
        y={(node.y0 + node.y1) / 2 - 6}
        dy="0.32em"
        text-anchor={anchor(node.column)}
      >
        {cut(name, letters)}
      </text>
      <text
        class="node-note"
        x={isLeft ? node.x0 - 8 : node.x1 + 8}
        y={(node.y0 + node.y1) / 2 + 8}
        dy="0.32em"
        text-anchor={anchor(node.column)}
      >
        {`${bytes(node.bytes)} · ${percent(share)}`}
      </text>
    </g>
  );
}

function cut(text: string, letters: number): string {
  return text.length <= letters ? text : `${text.slice(0, Math.max(1, letters - 1))}…`;
}
