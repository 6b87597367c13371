/**
 * What is read and how, in the address of a view: sources and the options of
 * `natspike analyze`.
 *
 * **Invariants.** Names in the address are those of the API; an option that is not
 * given is not sent, so that its default is the server's.
 */
import type { ReadOptions } from "../../api/types.ts";
import type { Changes } from "../../state/location.ts";
import { andFilter } from "../filter-term.ts";

/** Options that are a text. */
const TEXTS = ["where", "interface", "format", "nat_rate", "since", "until", "profile"] as const;
/** Options that are a list. */
const LISTS = ["region", "nat_address"] as const;

/** The sources of an address. */
export function sourcesOf(params: URLSearchParams): string[] {
  return params.getAll("source").filter(Boolean);
}

/** The options of an address. */
export function optionsOf(params: URLSearchParams): ReadOptions {
  const options: ReadOptions = {};
  for (const name of TEXTS) {
    const value = params.get(name)?.trim();
    if (value) {
      options[name] = value;
    }
  }
  for (const name of LISTS) {
    const values = params.getAll(name).filter(Boolean);
    if (values.length > 0) {
      options[name] = values;
    }
  }
  return options;
}

/** Sources and options as the parameters of an address. */
export function paramsOf(sources: readonly string[], options: ReadOptions): Changes {
  return { source: sources, ...options };
}

/** The options of something that is open, and beside them what is asked of it now. */
export function joined(open: ReadOptions, now: ReadOptions): ReadOptions {
  const where = andFilter(open.where ?? "", now.where ?? "");
  return { ...open, ...now, where: where || undefined };
}

/** The options in words, for a line below a title. */
export function optionsInWords(options: ReadOptions): string[] {
  const { where, since, until, region, nat_address, format, nat_rate, profile } = options;
  return [
    where ? `where ${where}` : "",
    since ? `from ${since}` : "",
    until ? `to ${until}` : "",
    region?.length ? region.join(", ") : "",
    nat_address?.length ? `NAT gateway ${nat_address.join(", ")}` : "",
    options.interface ? `interface ${options.interface}` : "",
    format ? "with a log format" : "",
    nat_rate ? `${nat_rate} a gigabyte` : "",
    profile ? `profile ${profile}` : "",
  ].filter(Boolean);
}
