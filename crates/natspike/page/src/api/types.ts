/**
 * What the API answers, as the engine writes it.
 *
 * **Invariants.** Fields are added and never renamed. `Count` is an integer
 * that comes as text beyond 2^53; money is in the report's currency; times are
 * Unix seconds; null is unknown, never 0.
 */

export type Count = number | string;

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Session {
  version: string;
  has_aws: boolean;
  stack: string | null;
  roots: string[];
  profiles: string[];
  default_profile: string | null;
  regions: { code: string; name?: string; has_price?: boolean }[];
  default_region?: string | null;
  max_upload_bytes: number;
  state_folder: string | null;
  analyses: { name: string; summary: string; needs_port: boolean; is_rule: boolean }[];
  thresholds: { name: string; about: string; default: number | null }[];
  filter_names: { name: string; kind: string; about: string }[];
}

export type FilterCheck =
  | { ok: true; canonical: string }
  | { ok: false; message: string; column: number; pointed: string };

export interface Folder {
  path: string;
  parent: string | null;
  entries: {
    name: string;
    path: string;
    is_folder: boolean;
    bytes: Count | null;
    modified: number | null;
  }[];
  /** The folder has more than is here. */
  is_cut?: boolean;
}

export interface Job {
  id: string;
  kind: "report" | "investigation";
  state: "running" | "done" | "failed" | "cancelled";
  progress: {
    files: number;
    total_files: number;
    bytes: Count;
    total_bytes: Count;
    records: Count;
    milliseconds: number;
  };
  error: { title: string; detail: string; name: string; status: number } | null;
  result: string | null;
}

export interface Upload {
  id: string;
  name: string;
  kind: "flow-log" | "cidr-list" | "report";
  bytes: Count;
  prefixes?: number;
}

/** The options of `natspike analyze`. */
export interface ReadOptions {
  where?: string;
  region?: string[];
  nat_address?: string[];
  interface?: string;
  format?: string;
  nat_rate?: string;
  since?: string;
  until?: string;
  profile?: string;
}

export interface OpenedReport {
  id: string;
  title: string;
  state: "reading" | "ready" | "failed";
  job: string | null;
}

export interface ReportEntry extends OpenedReport {
  sources: string[];
  options: ReadOptions;
  records: Count | null;
  window: Period | null;
  period_seconds: number | null;
  is_live: boolean;
  /** Why it could not be read. */
  error?: { title: string; detail: string; name: string } | null;
  /** False where no times were kept to choose a window from. */
  has_times?: boolean;
}

export interface Period {
  start: number;
  end: number;
}

/** What every row of a list has; pairs have no cost and no share. */
export interface Moved {
  bytes: Count;
  in_from_source: Count;
  out_to_source: Count;
  cost?: number;
  share?: number;
  increase?: { at_least: number; at_most: number } | null;
  /** The server's filter for just this row, where it has one. */
  filter?: string | null;
}

export interface Owner {
  kind: string;
  id: string | null;
  interface: string | null;
  name: string | null;
  label: string;
  auto_scaling_group: string | null;
  node_group: string | null;
  cluster: string | null;
  subnet: string | null;
  subnet_name: string | null;
  zone: string | null;
  vpc: string | null;
  vpc_name: string | null;
}

export interface SourceRow extends Moved {
  address: string;
  owner: Owner | null;
  name: string | null;
  names: Json[];
  owner_unknown: string | null;
}

export interface GroupRow extends Moved {
  name: string | null;
  full: string;
  addresses: number;
}

export interface DestinationRow extends Moved {
  address: string;
  aws_service: string | null;
  aws_region: string | null;
  name: string | null;
  names: Json[];
}

export interface ServiceRow extends Moved {
  aws_service: string | null;
}

export interface NamedRow extends Moved {
  name: string | null;
  source: string;
  addresses: number;
}

export interface PortRow extends Moved {
  protocol: number;
  protocol_name: string;
  port: number | null;
  service: string | null;
}

export interface ZoneRow extends Moved {
  zone: string | null;
}

export interface PairRow extends Moved {
  source: string;
  destination: string;
  aws_service: string | null;
}

export interface Charge {
  name: string;
  label: string;
  unit: string;
  bytes: Count | null;
  sides: number | null;
  seconds: number | null;
  gateways: number | null;
  price: number | null;
  price_as_of: string | null;
  price_source: string | null;
  amount: number | null;
  hourly: number | null;
  note: string | null;
}

export interface Finding {
  name: string;
  sentence: string;
  evidence: string[];
  confidence: "high" | "medium" | "low";
  saving: { hourly: number | null; monthly: number | null } | null;
  actions: { language: string; text: string }[];
}

export interface Timeline {
  period_seconds: number;
  services: (string | null)[];
  points: { start: number; bytes: Count[] }[];
}

/** natspike.report/1. */
export interface Report {
  schema: string;
  records: Record<"read" | "parsed" | "nodata" | "skipdata" | "malformed" | "rejected", Count>;
  bytes: Record<
    | "in_from_source"
    | "out_to_destination"
    | "in_from_destination"
    | "out_to_source"
    | "processed"
    | "rejected"
    | "other",
    Count
  >;
  cost: {
    currency: string;
    region: string | null;
    rate_per_gb: number;
    bytes_per_gb: number;
    processing: number;
    full: number;
    full_per_hour: number | null;
    full_is_without: string[];
  };
  sources: SourceRow[];
  groups: GroupRow[];
  destinations: DestinationRow[];
  services: ServiceRow[];
  named_destinations: NamedRow[];
  /** Not known in reports of `natspike analyze`. */
  ports?: PortRow[] | null;
  zones?: ZoneRow[];
  pairs: PairRow[];
  /** The part of the time that it is of; null for all of it. */
  part: { from: number; until: number } | null;
  window: { start: number | null; end: number | null };
  timeline: Timeline;
  coverage: {
    from: number;
    to: number;
    recorded: Count;
    counted: Count;
    share: number;
    floor: number;
  } | null;
  increase: Json;
  since_last: Json;
  spend: {
    hourly: { bytes: Count; seconds: number; cost: number } | null;
    since_alarm: { from: number; to: number; bytes: Count; cost: number } | null;
    month: {
      days: number;
      low: { bytes_of_day: Count; cost: number };
      typical: { bytes_of_day: Count; cost: number };
      high: { bytes_of_day: Count; cost: number };
    } | null;
  };
  charges: Charge[];
  findings: Finding[];
  unsolicited: { addresses: number; records: number; bytes: Count };
  interfaces: string[];
  nat_addresses: string[];
  aws_ranges: { created: string; source: string };
  warnings: string[];
  totals?: Record<string, number>;
}

/** The lists of a report that have rows of their own at the server. */
export type ListName =
  | "sources"
  | "groups"
  | "destinations"
  | "named_destinations"
  | "services"
  | "ports"
  | "zones"
  | "pairs"
  | "charges";

export interface Rows<Row> {
  total: number;
  matching: number;
  rows: Row[];
}

export interface FlowNode {
  id: number;
  column: 0 | 1 | 2;
  name: string | null;
  label: string;
  bytes: Count;
  cost: number;
  filter: string | null;
}

/** Of the largest pairs; `total` is theirs, `processed` that of all. */
export interface Flow {
  total: Count;
  processed: Count;
  nodes: FlowNode[];
  links: { source: number; target: number; bytes: Count; cost: number }[];
}

/** natspike.investigation/1. */
export interface Investigation {
  schema: string;
  question: {
    analysis: string;
    sources: string[];
    subject: string[];
    inside: string[];
    filter: string | null;
    from: number | null;
    until: number | null;
    times?: [number, number][];
    by: "bytes" | "packets" | "flows";
    limit: number;
  };
  records: Record<string, Count>;
  legs: string;
  warnings: string[];
  tables: FoundTable[];
}

/** One answer of an investigation. */
export interface FoundTable {
  analysis: string;
  view: string | null;
  title: string;
  about: string;
  columns: FoundColumn[];
  rows: FoundRow[];
  /** What all rows have that are not shown; null where all are. */
  rest: Sums | null;
  /** What all rows have, shown or not. */
  total: Sums;
}

export interface FoundColumn {
  name: string;
  kind: "address" | "text" | "number" | "bytes" | "time" | "seconds";
}

export interface FoundRow {
  /** A value for each column. */
  cells: Cell[];
  sums: Sums;
  /** Who the external address of the row belongs to, and who says so. */
  organization?: string | null;
}

/** A number in the unit of its column, a text, or null where records do not say. */
export type Cell = Count | null;

export interface Sums {
  bytes: Count;
  packets: Count;
  flows: Count;
}

/** natspike.history/1. */
export interface History {
  schema: string;
  folder: string;
  queries: {
    id: string;
    at: number;
    analysis: string;
    sources: string[];
    arguments: string[];
    version: string;
    /** `done`, `failed`; null of one that did not end. */
    outcome: string | null;
    error: string | null;
    rows: number | null;
    records: Count | null;
    milliseconds: number | null;
  }[];
  older: number;
  unreadable_lines: number;
}

/** natspike.comparison/1. */
export interface Comparison {
  schema: string;
  currency: string;
  hourly: { before: number; after: number; saved: number } | null;
  month: { before: number; after: number; saved: number } | null;
  increase_percent: number | null;
  changes: { kind: string; name: string; before: number; after: number }[];
}

export interface Stack {
  name: string;
  region: string;
  gateways: {
    id: string;
    alarm: string | null;
    alarm_state: "OK" | "ALARM" | "INSUFFICIENT_DATA" | null;
    recording: string | null;
  }[];
}

/** natspike.recordings/1, the newest first. */
export interface Recordings {
  schema: string;
  stack: string;
  region: string;
  recordings: Recording[];
  /** There are more than were asked for. */
  older: boolean;
}

/** An execution: a recording, or why there was none. */
export interface Recording {
  execution: string;
  gateway: string | null;
  /** Of the execution, which waits for late records after the recording. */
  started: number;
  ended: number | null;
  /** As Step Functions has it. */
  status: string;
  became: "running" | "recorded" | "held" | "spent" | "failed";
  started_by: "alarm" | "hand" | null;
  end_reason: "cleared" | "time" | "limit" | "stopped" | null;
  /** Why there is no report, as a sentence. */
  why_not: string | null;
  /** How long the flow log was on. */
  seconds: number | null;
  bytes: Count | null;
  cost_per_hour: number | null;
  /** Some charges have no price. */
  cost_is_at_least: boolean;
  coverage: number | null;
  currency: string | null;
  /** `recording:EXECUTION`; null where nothing was recorded. */
  source: string | null;
}

/** What a recording of a gateway is expected to take and to cost. */
export interface Expected {
  sentences: string[];
}

export interface StartedRecording {
  execution: string;
}

export interface StoppedRecording {
  execution: string;
  /** False of one that was over already. */
  was_running: boolean;
}
