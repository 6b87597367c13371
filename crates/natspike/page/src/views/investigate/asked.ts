/**
 * What an investigation asks, in the address of the view and as the server takes it.
 *
 * **Invariants.** The address holds all of it; what is not given is not sent, so that
 * its default is the server's.
 */
import type { ReadOptions } from "../../api/types.ts";
import { optionsOf, sourcesOf } from "../../parts/pickers/asking.ts";

/** What rows may be ranked by. */
export const RANKINGS = ["bytes", "packets", "flows"] as const;

/** How a threshold is called in the address. */
export const THRESHOLD = "t.";

/** Lists of the options, called the same in the address and at the server. */
const LISTS = ["analysis", "instance_id", "instance_ip", "vpc_cidr"] as const;

/** The options of an investigation, as the server takes them. */
export interface AskedOptions extends ReadOptions {
  analysis?: string[];
  instance_id?: string[];
  instance_ip?: string[];
  vpc_cidr?: string[];
  cidr_lists?: string[];
  by?: string;
  limit?: number;
  port?: number;
  sensitive_ports?: boolean;
  thresholds?: Record<string, number>;
}

/** What is sent. */
export interface Asked {
  sources: string[];
  /** An open report whose sources and options are taken over into the address. */
  report: string | null;
  options: AskedOptions;
}

/** What the address asks. */
export function askedOf(params: URLSearchParams): Asked {
  const options: AskedOptions = optionsOf(params);
  for (const name of LISTS) {
    const values = params.getAll(name).filter(Boolean);
    if (values.length > 0) {
      options[name] = values;
    }
  }
  const lists = params.getAll("cidr_list").filter(Boolean);
  if (lists.length > 0) {
    options.cidr_lists = lists;
  }
  if (RANKINGS.some((by) => by === params.get("by"))) {
    options.by = params.get("by") ?? undefined;
  }
  for (const name of ["limit", "port"] as const) {
    const value = whole(params.get(name));
    if (value !== undefined) {
      options[name] = value;
    }
  }
  if (params.get("sensitive_ports") === "true") {
    options.sensitive_ports = true;
  }
  const thresholds = thresholdsOf(params);
  if (Object.keys(thresholds).length > 0) {
    options.thresholds = thresholds;
  }
  const report = params.get("report");
  return { sources: report ? [] : sourcesOf(params), report: report || null, options };
}

function whole(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The thresholds that are not the defaults. */
export function thresholdsOf(params: URLSearchParams): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [key, text] of params) {
    const value = whole(text);
    if (key.startsWith(THRESHOLD) && value !== undefined) {
      found[key.slice(THRESHOLD.length)] = value;
    }
  }
  return found;
}

/** The id of the query that a job made, of its result's path. */
export function queryOf(result: string | null): string | null {
  const found = /\/queries\/([^/?#]+)$/.exec(result ?? "");
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}

/** Why nothing can be asked yet: what is missing, as a sentence; or nothing. */
export function missing(asked: Asked, needsPort: readonly string[]): string | null {
  const { sources, report, options } = asked;
  if (report) {
    return "The sources of the report are asked for.";
  }
  if (sources.length === 0 && !options.instance_id) {
    return "Take a source, or name an instance whose flow logs are found.";
  }
  const all = options.analysis ?? [];
  return all.some((name) => needsPort.includes(name)) && options.port === undefined
    ? `${needsPort.join(" and ")} needs a port.`
    : null;
}
