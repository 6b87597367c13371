/** The ratios of the colours in theme.css, by WCAG 2.2 in both themes. */
import { expect, test } from "vitest";
import CSS from "./theme.css?raw";

const COLOURS = new Map(
  [...CSS.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
    ([, name = "", light = "", dark = ""]) => [name, { light, dark }],
  ),
);

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ratio(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["ground", "surface", "raised"];
const SERIES = [...COLOURS.keys()].filter((name) => name.startsWith("series-"));

/** Text needs 4.5, drawings and edges of controls 3. */
const PAIRS: [string, string, number][] = [
  ...["text", "quiet", "accent", "good", "warn", "bad"].flatMap((name) =>
    GROUNDS.map((ground): [string, string, number] => [name, ground, 4.5]),
  ),
  ...["text", "accent", "quiet"].map((name): [string, string, number] => [
    name,
    "accent-soft",
    4.5,
  ]),
  ...["good", "warn", "bad"].map((name): [string, string, number] => [name, `${name}-soft`, 4.5]),
  ["on-accent", "accent", 4.5],
  ["edge", "surface", 3],
  ["edge", "ground", 3],
  ...SERIES.map((name): [string, string, number] => [name, "surface", 3]),
];

test.each(PAIRS)("%s on %s has a ratio of at least %d", (one, other, least) => {
  for (const theme of ["light", "dark"] as const) {
    const [front, back] = [COLOURS.get(one)?.[theme], COLOURS.get(other)?.[theme]];
    expect(front, `--${one} is in theme.css`).toBeDefined();
    expect(back, `--${other} is in theme.css`).toBeDefined();
    expect(ratio(front ?? "", back ?? ""), theme).toBeGreaterThanOrEqual(least);
  }
});

test("every series has a colour of its own in both themes", () => {
  for (const theme of ["light", "dark"] as const) {
    expect(new Set(SERIES.map((name) => COLOURS.get(name)?.[theme])).size).toBe(SERIES.length);
  }
  expect(SERIES.length).toBe(9);
});
