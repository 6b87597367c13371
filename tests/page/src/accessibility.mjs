/** What axe-core finds against WCAG 2.1 A and AA. */
import axe from "axe-core";

const RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };

/** What axe-core says against the page. */
export async function violations(page) {
  if (!(await page.evaluate(() => Boolean(window.axe)))) {
    await page.evaluate(axe.source);
  }
  const found = await page.evaluate(
    (runOnly) => window.axe.run(document, { runOnly, resultTypes: ["violations"] }),
    RULES,
  );
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.length} times, e.g. ${nodes[0].html.slice(0, 160)}`,
  );
}
