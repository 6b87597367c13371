/**
 * Joining filters: a term added to what is there.
 *
 * **Invariants.** The server reads the language; here only parentheses, quotes
 * and the words `or`, `||` outside of them are seen. What may need parentheses
 * gets them.
 */

const PLAIN = /^[A-Za-z0-9._\-/:*@%+]+$/;
const KEYWORD = /^(and|or|not|in|is|like|all|none|missing|private|public)$/i;

/** The words and marks of a filter, with how deep in parentheses each is. */
function tokens(text: string): { word: string; depth: number }[] {
  const found: { word: string; depth: number }[] = [];
  let depth = 0;
  for (const [word] of text.matchAll(
    /"(?:[^"]|"")*"|'(?:[^']|'')*'|[()]|\|\||&&|[^\s()|&"']+|[|&"']/g,
  )) {
    if (word === ")") {
      depth -= 1;
    }
    found.push({ word, depth });
    if (word === "(") {
      depth += 1;
    }
  }
  return found;
}

/** True where `or` joins the filter at its top. */
export function joinsByOr(text: string): boolean {
  return tokens(text).some(({ word, depth }) => depth === 0 && /^(or|\|\|)$/i.test(word));
}

/** True where `and` or `or` stands at the top. */
function joins(text: string): boolean {
  return tokens(text).some(({ word, depth }) => depth === 0 && /^(and|&&|or|\|\|)$/i.test(word));
}

/** True where commas outside of parentheses would swallow what follows. */
function isAll(text: string): boolean {
  return text.trim() === "" || text.trim().toLowerCase() === "all";
}

/** `text and term`, each in parentheses where `or` joins it; a term that is there already is not added. */
export function andFilter(text: string, term: string): string {
  if (isAll(text)) {
    return term.trim();
  }
  if (isAll(term)) {
    return text.trim();
  }
  const inParentheses = (filter: string) =>
    joinsByOr(filter) ? `(${filter.trim()})` : filter.trim();
  const [left, right] = [inParentheses(text), inParentheses(term)];
  const isThere =
    left === right || left.endsWith(` and ${right}`) || left.startsWith(`${right} and `);
  return isThere ? text.trim() : `${left} and ${right}`;
}

/** The contrary of a term. */
export function notFilter(term: string): string {
  const text = term.trim();
  const simple = /^([\w-]+) = (\S+|"[^"]*")$/.exec(text);
  if (simple) {
    return `${simple[1]} != ${simple[2]}`;
  }
  return joins(text) || /^not\b/i.test(text) ? `not (${text})` : `not ${text}`;
}

/** A value as the language wants it: in quotes where it has other letters. */
export function quoted(value: string): string {
  if (PLAIN.test(value) && !KEYWORD.test(value) && !value.includes("*") && !value.startsWith("@")) {
    return value;
  }
  return `"${value.replaceAll('"', '""')}"`;
}
