/**
 * The lists of a report: their names and columns.
 *
 * **Invariants.** Figures are the server's; unknown is said as unknown.
 */
import type {
  DestinationRow,
  GroupRow,
  ListName,
  Moved,
  NamedRow,
  PairRow,
  PortRow,
  Report,
  ServiceRow,
  SourceRow,
  ZoneRow,
} from "../../api/types.ts";
import { NO_SERVICE, type Series, serviceTerm } from "../../charts/series.ts";
import { bytes, exactBytes, percent } from "../../format/bytes.ts";
import { exactMoney, money } from "../../format/money.ts";
import type { Column } from "../../parts/data-table.tsx";
import { Share } from "./share.tsx";
import { addressTerm, rowTerm } from "./terms.ts";

export interface List {
  name: ListName;
  label: string;
  /** What it is of, for its caption. */
  about: string;
}

/** In the order of the tabs. */
export const LISTS: List[] = [
  { name: "groups", label: "Owner", about: "Bytes by who the sources belong to" },
  { name: "sources", label: "Source", about: "Bytes by address behind the gateway" },
  { name: "destinations", label: "Destination", about: "Bytes by address beyond the gateway" },
  { name: "named_destinations", label: "Name", about: "Bytes by name of the destination" },
  { name: "services", label: "Service", about: "Bytes by AWS service" },
  { name: "ports", label: "Port", about: "Bytes by the remote end's port" },
  { name: "zones", label: "Zone", about: "Bytes by the workload's availability zone" },
  { name: "pairs", label: "Pair", about: "Bytes by source and destination" },
];

/** Why an address has no owner. */
const UNKNOWN: Record<string, string> = {
  nobody: "no interface has this address",
  several: "several interfaces have this address",
  "not-asked": "not looked up",
};

type AnyRow = Moved & Record<string, unknown>;

/** The columns of a list. */
export function columnsOf(list: ListName, report: Report, series: Series): Column<AnyRow>[] {
  const names = namesOf(list, report, series) as unknown as Column<AnyRow>[];
  const figures = list === "pairs" ? moved() : [...priced(report.cost.currency), ...moved()];
  const hasIncrease = report.increase !== null && list !== "pairs";
  return [...names, ...figures, ...(hasIncrease ? [increase()] : [])];
}

// biome-ignore lint/suspicious/noExplicitAny: each list has rows of its own, joined in columnsOf
function namesOf(list: ListName, report: Report, series: Series): Column<any>[] {
  const service = (row: { aws_service: string | null }) => serviceTerm(row.aws_service);
  const serviceColumn: Column<DestinationRow | PairRow> = {
    key: "aws_service",
    label: "Service",
    sortable: true,
    render: (row) => <Service name={row.aws_service} series={series} />,
    term: service,
  };
  switch (list) {
    case "groups":
      return [
        {
          key: "name",
          label: "Owner",
          sortable: true,
          wide: true,
          render: (row: GroupRow) => <Named name={row.name ?? "unknown"} note={row.full} />,
          term: (row: GroupRow) => rowTerm("groups", row, report),
        },
        { key: "addresses", label: "Addresses", number: true, sortable: true },
      ];
    case "sources":
      return [
        addressColumn("Source"),
        {
          key: "owner",
          label: "Owner",
          wide: true,
          render: (row: SourceRow) => <OwnerOf row={row} />,
        },
      ];
    case "destinations":
      return [
        addressColumn("Destination"),
        {
          key: "name",
          label: "Name",
          wide: true,
          render: (row: DestinationRow) => row.name ?? <Unknown />,
        },
        serviceColumn,
        {
          key: "aws_region",
          label: "Region",
          sortable: true,
          render: (row: DestinationRow) => row.aws_region ?? <Unknown />,
        },
      ];
    case "named_destinations":
      return [
        {
          key: "name",
          label: "Name",
          sortable: true,
          wide: true,
          render: (row: NamedRow) => row.name ?? "no name",
          term: (row: NamedRow) => rowTerm("named_destinations", row, report),
        },
        { key: "source", label: "Known from" },
        { key: "addresses", label: "Addresses", number: true, sortable: true },
      ];
    case "services":
      return [
        {
          key: "aws_service",
          label: "Service",
          sortable: true,
          render: (row: ServiceRow) => <Service name={row.aws_service} series={series} />,
          term: service,
        },
      ];
    case "ports":
      return [
        {
          key: "port",
          label: "Port",
          sortable: true,
          render: portName,
          term: (row: PortRow) => rowTerm("ports", row, report),
        },
        {
          key: "protocol_name",
          label: "Protocol",
          render: (row: PortRow) => row.protocol_name,
          title: (row: PortRow) => `protocol ${row.protocol}`,
          term: (row: PortRow) => `protocol = ${row.protocol}`,
        },
      ];
    case "zones":
      return [
        {
          key: "zone",
          label: "Zone",
          sortable: true,
          render: (row: ZoneRow) => row.zone ?? <Unknown />,
          term: (row: ZoneRow) => rowTerm("zones", row, report),
        },
      ];
    default:
      return [
        {
          key: "source",
          label: "Source",
          sortable: true,
          render: (row: PairRow) => <span class="mono">{row.source}</span>,
          term: (row: PairRow) => addressTerm(row.source),
        },
        {
          key: "destination",
          label: "Destination",
          sortable: true,
          render: (row: PairRow) => <span class="mono">{row.destination}</span>,
          term: (row: PairRow) => addressTerm(row.destination),
        },
        serviceColumn,
      ];
  }
}

function addressColumn(label: string): Column<SourceRow | DestinationRow> {
  return {
    key: "address",
    label,
    sortable: true,
    render: (row) => <span class="mono">{row.address}</span>,
    term: (row) => addressTerm(row.address),
  };
}

function portName(row: PortRow) {
  if (row.port === null) {
    return <span class="hint">none, or beyond the limit</span>;
  }
  return <Named name={String(row.port)} note={row.service ?? undefined} />;
}

function priced(currency: string): Column<AnyRow>[] {
  return [
    {
      key: "cost",
      label: "Processing",
      number: true,
      sortable: true,
      render: (row) => money(row.cost, currency),
      title: (row) => exactMoney(row.cost, currency),
    },
    {
      key: "share",
      label: "Share",
      number: true,
      render: (row) => <Share share={row.share} />,
    },
  ];
}

function moved(): Column<AnyRow>[] {
  const column = (key: "bytes" | "in_from_source" | "out_to_source", label: string) => ({
    key,
    label,
    number: true,
    sortable: true,
    render: (row: AnyRow) => bytes(row[key]),
    title: (row: AnyRow) => exactBytes(row[key]),
  });
  return [
    column("bytes", "Bytes"),
    column("in_from_source", "Up"),
    column("out_to_source", "Down"),
  ];
}

function increase(): Column<AnyRow> {
  return {
    key: "increase",
    label: "Of the increase",
    number: true,
    render: (row) => {
      const part = row.increase;
      if (!part) {
        return <Unknown />;
      }
      const [least, most] = [percent(part.at_least), percent(part.at_most)];
      return least === most ? least : `${least} to ${most}`;
    },
  };
}

function Service({ name, series }: { name: string | null; series: Series }) {
  return (
    <span class="nowrap">
      <span class={`swatch ${series(name)}`} /> {name ?? <span class="hint">{NO_SERVICE}</span>}
    </span>
  );
}

function OwnerOf({ row }: { row: SourceRow }) {
  const { owner } = row;
  if (!owner) {
    const why = row.owner_unknown ? UNKNOWN[row.owner_unknown] : undefined;
    return (
      <Named
        name={row.name ?? "unknown"}
        note={why ?? (row.name ? undefined : "no snapshot was given")}
      />
    );
  }
  const note = [owner.kind, owner.id, owner.auto_scaling_group, owner.cluster, owner.zone];
  return <Named name={owner.label} note={note.filter(Boolean).join(", ")} />;
}

function Named({ name, note }: { name: string; note?: string | undefined }) {
  return (
    <>
      {name}
      {note && note !== name ? <span class="hint beside-inline">{note}</span> : null}
    </>
  );
}

function Unknown() {
  return <span class="hint">unknown</span>;
}
