/**
 * Which colour a service has: the same in every chart of a report.
 *
 * **Invariants.** A colour is never the only sign: charts name what they draw.
 */

import { quoted } from "../parts/filter-term.ts";

/** How many services have a colour of their own. */
export const MOST_SERIES = 8;

/** The words for an AWS service that is none. */
export const NO_SERVICE = "no AWS service";

export type Series = (service: string | null) => string;

/** The class of a service by its place among the report's services. */
export function seriesOf(services: readonly (string | null)[]): Series {
  const named = services.filter((service) => service !== null);
  return (service) => {
    const at = service === null ? -1 : named.indexOf(service);
    return at < 0 || at >= MOST_SERIES ? "series series-rest" : `series series-${at}`;
  };
}

/** The filter for a service. */
export function serviceTerm(service: string | null): string {
  return service === null
    ? "src-service is missing and dst-service is missing"
    : `service = ${quoted(service)}`;
}

/** A service's name in words. */
export function serviceName(service: string | null): string {
  return service ?? NO_SERVICE;
}
