/**
 * The address of a report: its sources and the options of its reading.
 *
 * **Invariants.** `from` and `until` are the window that is looked at; the
 * options `since` and `until` of the reading are `read-since`, `read-until`.
 */
import type { ReadOptions } from "../api/types.ts";
import { type Changes, href } from "./location.ts";

/** What `POST /reports` wants. */
export interface Asked {
  sources: string[];
  options: ReadOptions;
}

const KEYS = ["where", "interface", "format", "nat_rate", "profile"] as const;
const LISTS = ["region", "nat_address"] as const;

/** The parameters of a report in the address. */
export function reportParams(sources: readonly string[], options: ReadOptions = {}): Changes {
  const changes: Changes = { source: sources };
  for (const key of KEYS) {
    changes[key] = options[key];
  }
  for (const key of LISTS) {
    changes[key] = options[key];
  }
  return { ...changes, "read-since": options.since, "read-until": options.until };
}

/** A link to a report; `more` is e.g. `{from, until, tab}`. */
export function reportHref(
  sources: readonly string[],
  options: ReadOptions = {},
  more: Changes = {},
): string {
  return href("report", { ...reportParams(sources, options), ...more });
}

/** A link to the investigation of the same records, of the window where there is one. */
export function investigateHref(
  { sources, options }: Asked,
  window?: { from: number; until: number },
): string {
  const { "read-since": since, "read-until": until, ...same } = reportParams(sources, options);
  return href("investigate", {
    ...same,
    since: window?.from ?? since,
    until: window?.until ?? until,
  });
}

/** What the address asks to be read. */
export function askedOf(params: URLSearchParams): Asked {
  const options: ReadOptions = {};
  for (const key of KEYS) {
    const value = params.get(key);
    if (value) {
      options[key] = value;
    }
  }
  for (const key of LISTS) {
    const values = params.getAll(key);
    if (values.length > 0) {
      options[key] = values;
    }
  }
  const [since, until] = [params.get("read-since"), params.get("read-until")];
  return {
    sources: params.getAll("source"),
    options: { ...options, ...(since ? { since } : {}), ...(until ? { until } : {}) },
  };
}
