/**
 * The two sides of a comparison in the address, and as the server takes them.
 *
 * A side is `report:ID`, `upload:ID` or `recording:EXECUTION`; a report may have a
 * window in `NAME-from` and `NAME-until`.
 *
 * **Invariants.** A window begins and ends with a period of its report.
 */
import type { Changes } from "../../state/location.ts";

export type SideName = "before" | "after";

/** What the server takes. */
export type Side =
  | { report: string; from?: number; until?: number }
  | { upload: string }
  | { recording: string };

/** What the address says of a side; null where it says none. */
export function sideOf(params: URLSearchParams, name: SideName): Side | null {
  const found = /^(report|upload|recording):(.+)$/.exec(params.get(name) ?? "");
  const [kind, id] = [found?.[1], found?.[2]];
  if (!kind || !id) {
    return null;
  }
  if (kind !== "report") {
    return kind === "upload" ? { upload: id } : { recording: id };
  }
  const [from, until] = ["from", "until"].map((edge) => seconds(params.get(`${name}-${edge}`)));
  return {
    report: id,
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  };
}

function seconds(text: string | null): number | undefined {
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** The change that makes each side the other one. */
export function swapped(params: URLSearchParams): Changes {
  const changes: Changes = {};
  for (const end of ["", "-from", "-until"]) {
    changes[`before${end}`] = params.get(`after${end}`);
    changes[`after${end}`] = params.get(`before${end}`);
  }
  return changes;
}

/** The beginning of the period in which the time lies. */
export function onPeriod(time: number, period: number | null): number {
  const length = period && period > 0 ? period : 60;
  return Math.floor(time / length) * length;
}
