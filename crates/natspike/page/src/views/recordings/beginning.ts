/**
 * Which ids begin with a text.
 *
 * **Invariants.** Case does not matter; an id that is the text itself is the only one.
 */

/** Those whose id begins so; none for an empty text. */
export function beginning<T extends { id: string }>(all: readonly T[], text: string): T[] {
  const sought = text.trim().toLowerCase();
  if (sought === "") {
    return [];
  }
  const exact = all.filter((one) => one.id.toLowerCase() === sought);
  return exact.length > 0 ? exact : all.filter((one) => one.id.toLowerCase().startsWith(sought));
}
