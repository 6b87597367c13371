/**
 * What rows of a report say as filters.
 *
 * **Invariants.** A filter is the server's where the row has one. Addresses of
 * an owner or a name are taken from the report only if they are all there; else
 * there is no filter rather than half of one.
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
} from "../../api/types.ts";
import { serviceTerm } from "../../charts/series.ts";

const ADDRESS = /^[0-9a-f.:]+$/i;
const MOST_ADDRESSES = 200;

export function addressTerm(address: string): string | null {
  return ADDRESS.test(address) ? `ip = ${address}` : null;
}

function portTerm(row: PortRow): string | null {
  return row.port === null ? null : `protocol = ${row.protocol} and port = ${row.port}`;
}

function pairTerm(row: PairRow): string | null {
  const [source, destination] = [addressTerm(row.source), addressTerm(row.destination)];
  return source && destination ? `${source} and ${destination}` : null;
}

function addressesTerm(addresses: string[], many: number): string | null {
  const isWhole = addresses.length === many && many > 0 && many <= MOST_ADDRESSES;
  if (!isWhole || !addresses.every((address) => ADDRESS.test(address))) {
    return null;
  }
  return many === 1 ? `ip = ${addresses[0]}` : `ip in (${addresses.join(", ")})`;
}

function groupTerm(row: GroupRow, report: Report): string | null {
  const isOf = ({ owner }: SourceRow) =>
    owner === null || row.name === null
      ? owner === row.name
      : [owner.label, owner.auto_scaling_group, owner.node_group, owner.cluster].includes(row.name);
  const of = report.sources.filter(isOf).map((source) => source.address);
  return addressesTerm(of, row.addresses);
}

function namedTerm(row: NamedRow, report: Report): string | null {
  const of = report.destinations.filter((destination) => destination.name === row.name);
  return addressesTerm(
    of.map((destination) => destination.address),
    row.addresses,
  );
}

/** The filter for a row of a list; null where there is none. */
export function rowTerm(list: ListName, row: Moved, report: Report): string | null {
  if (row.filter) {
    return row.filter;
  }
  switch (list) {
    case "sources":
    case "destinations":
      return addressTerm((row as SourceRow | DestinationRow).address);
    case "services":
      return serviceTerm((row as ServiceRow).aws_service);
    case "ports":
      return portTerm(row as PortRow);
    case "pairs":
      return pairTerm(row as PairRow);
    case "groups":
      return groupTerm(row as GroupRow, report);
    case "named_destinations":
      return namedTerm(row as NamedRow, report);
    default:
      return null;
  }
}
