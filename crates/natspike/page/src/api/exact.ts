/**
 * JSON whose integers stay exact: what a double cannot hold becomes text.
 *
 * **Invariants.** Only integers outside of strings change, and only those
 * beyond 2^53; everything else is JSON.parse's.
 */

const LARGE = /\d{16}/;
const STRING_OR_LARGE = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])|-?\d+\.\d+(?:[eE][+-]?\d+)?/g;

/** Reads JSON; integers beyond 2^53 are strings of their digits. */
export function parseExact<T>(text: string): T {
  if (!LARGE.test(text)) {
    return JSON.parse(text) as T;
  }
  const quoted = text.replace(STRING_OR_LARGE, (token) => {
    const integer = token[0] !== '"' && !token.includes(".");
    return integer && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
  });
  return JSON.parse(quoted) as T;
}
