/**
 * The way from what an investigation found to the next question.
 *
 * **Invariants.** The next question is the last one with more or other terms; what the
 * result does not say (region, profile, lists of prefixes) is not guessed.
 */
import type { Investigation } from "../../api/types.ts";
import type { Changes } from "../../state/location.ts";
import { reportHref } from "../../state/report-address.ts";

/** The question as the parameters of the view `investigate`, with that filter. */
export function askAgain(found: Investigation, where: string | null): Changes {
  const { question, tables } = found;
  const names = [...new Set(tables.map((table) => table.analysis))];
  return {
    source: question.sources,
    where,
    since: question.from,
    until: question.until,
    analysis: question.analysis === "all" ? [] : names,
    instance_ip: question.subject,
    vpc_cidr: question.inside,
    by: question.by === "bytes" ? null : question.by,
    limit: question.limit,
  };
}

/** The address of the view `report` with the records of the question. */
export function asReport(found: Investigation, where: string | null): string {
  const { sources, from, until } = found.question;
  return reportHref(sources, {
    where: where ?? undefined,
    since: from === null ? undefined : String(from),
    until: until === null ? undefined : String(until),
  });
}
