/**
 * The way from what an investigation found to the next question.
 *
 * **Invariants.** The next question is the last one with more or other terms; what the
 * result does not say (region, profile, lists of prefixes) is not guessed.
 */
import type { Investigation } from "../../api/types.ts";
import type { Changes } from "../../state/location.ts";

type Question = Investigation["question"];

/** The question as the parameters of the view `investigate`, with that filter. */
export function askAgain(found: Investigation, where: string | null): Changes {
  const { question, tables } = found;
  const names = [...new Set(tables.map((table) => table.analysis))];
  return {
    ...records(question, where),
    analysis: question.analysis === "all" ? [] : names,
    instance_ip: question.subject,
    vpc_cidr: question.inside,
    by: question.by === "bytes" ? null : question.by,
    limit: question.limit,
  };
}

/** The records of the question as the parameters of the view `report`. */
export function asReport(found: Investigation, where: string | null): Changes {
  return records(found.question, where);
}

function records(question: Question, where: string | null): Changes {
  return {
    source: question.sources,
    where,
    since: question.from,
    until: question.until,
  };
}
