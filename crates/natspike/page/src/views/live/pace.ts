/**
 * When a recording under way is read again.
 *
 * **Invariants.** Every 30 seconds; where reading takes long, so much later that it is
 * at most a quarter of the time; after failures ever later, up to ten minutes.
 */

export const EVERY = 30_000;
const MOST = 600_000;
/** A pause is at least so many times what reading took. */
const REST = 3;

/** Milliseconds from the end of a reading to the next. */
export function pause(took: number, failures: number): number {
  const rested = Math.max(EVERY, took * REST);
  return Math.min(MOST, rested * 2 ** Math.min(failures, 8));
}
