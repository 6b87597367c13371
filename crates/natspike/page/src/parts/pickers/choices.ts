/**
 * Which of the choices of a list fit what is typed.
 *
 * **Invariants.** Every word that is typed must be in the value or its description;
 * values that begin with the text come first, all others stay in their order.
 */

/** A value that may be chosen. */
export interface Choice {
  value: string;
  /** What stands beside the value: the name of a region. */
  about?: string;
}

/** The choices that fit the text; all of them where nothing is typed. */
export function fitting(choices: readonly Choice[], text: string): Choice[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return [...choices];
  }
  const fits = choices.filter((choice) => {
    const all = `${choice.value} ${choice.about ?? ""}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const first = words[0] ?? "";
  const begins = (choice: Choice) => choice.value.toLowerCase().startsWith(first);
  return [...fits.filter(begins), ...fits.filter((choice) => !begins(choice))];
}
