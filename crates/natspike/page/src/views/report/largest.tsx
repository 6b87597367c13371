/** The largest rows of the lists in short, each a button for its filter. */
import type { ListName, Moved, Report } from "../../api/types.ts";
import { type Series, serviceName } from "../../charts/series.ts";
import { bytes, exactBytes } from "../../format/bytes.ts";
import { changed, href, params } from "../../state/location.ts";
import { addTerm } from "./place.ts";
import { Share } from "./share.tsx";
import { rowTerm } from "./terms.ts";

const SHOWN = 5;

interface Line {
  row: Moved;
  label: string;
  note?: string | undefined;
  look?: string | undefined;
}

interface Card {
  list: ListName;
  title: string;
  lines: Line[];
}

export function Largest({ report, series }: { report: Report; series: Series }) {
  return (
    <div class="largest">
      {cards(report, series)
        .filter((card) => card.lines.length > 0)
        .map((card) => (
          <section key={card.list} class="panel">
            <div class="panel-head">
              <h3>{card.title}</h3>
              <a
                href={href("report", changed(params.value, { tab: "tables", list: card.list }))}
                aria-label={`All ${report.totals?.[card.list] ?? ""}, ${card.title}`}
              >
                all {report.totals?.[card.list] ?? ""}
              </a>
            </div>
            <ul class="lines">
              {card.lines.slice(0, SHOWN).map((line) => (
                <One
                  key={`${line.label} ${line.note ?? ""}`}
                  line={line}
                  list={card.list}
                  report={report}
                />
              ))}
            </ul>
          </section>
        ))}
    </div>
  );
}

function One({ line, list, report }: { line: Line; list: ListName; report: Report }) {
  const term = rowTerm(list, line.row, report);
  const name = (
    <>
      {line.look ? <span class={`swatch ${line.look}`} /> : null}
      <span class="line-label">{line.label}</span>
    </>
  );
  return (
    <li class="line" title={[line.note, exactBytes(line.row.bytes)].filter(Boolean).join("\n")}>
      {term ? (
        <button
          type="button"
          class="line-name"
          aria-label={`Only ${line.label}`}
          onClick={() => addTerm(term)}
        >
          {name}
        </button>
      ) : (
        <span class="line-name">{name}</span>
      )}
      <span class="line-bytes">{bytes(line.row.bytes)}</span>
      <Share share={line.row.share} />
    </li>
  );
}

function cards(report: Report, series: Series): Card[] {
  const owners: Line[] = report.groups.map((row) => ({
    row,
    label: row.name ?? "unknown owner",
    note: row.full,
  }));
  const sources: Line[] = report.sources.map((row) => ({
    row,
    label: row.name ?? row.address,
    note: [row.name ? row.address : undefined, row.owner?.label].filter(Boolean).join(", "),
  }));
  const destinations: Line[] = report.destinations.map((row) => ({
    row,
    label: row.name ?? row.address,
    note: [row.address, row.aws_service, row.aws_region].filter(Boolean).join(", "),
    look: series(row.aws_service),
  }));
  const services: Line[] = report.services.map((row) => ({
    row,
    label: serviceName(row.aws_service),
    look: series(row.aws_service),
  }));
  const ports: Line[] = (report.ports ?? []).map((row) => ({
    row,
    label: `${row.protocol_name} ${row.port ?? "no port"}${row.service ? ` (${row.service})` : ""}`,
  }));
  return [
    owners.length > 0
      ? { list: "groups", title: "Owners", lines: owners }
      : { list: "sources", title: "Sources", lines: sources },
    { list: "destinations", title: "Destinations", lines: destinations },
    { list: "services", title: "Services", lines: services },
    { list: "ports", title: "Ports", lines: ports },
  ];
}
