/** What axe-core finds against WCAG 2.1 A and AA. */
import axe from "axe-core";

const RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };

/** What axe-core says against the page. */
export async function violations(page) {
  if (!(await page.evaluate(() => Boolean(window.axe)))) {
    await page.evaluate(axe.source);
  }
  return page.evaluate(async (runOnly) => {
    const how = { runOnly, resultTypes: ["violations"], elementRef: true };
    const { violations } = await window.axe.run(document, how);
    // A name that is cut for want of room is whole in the accessible name: no mismatch.
    const isCut = (id, { element }) =>
      id === "label-content-name-mismatch" && element.textContent.includes("…");
    return violations
      .map(({ id, nodes }) => ({ id, nodes: nodes.filter((node) => !isCut(id, node)) }))
      .filter(({ nodes }) => nodes.length > 0)
      .map(({ id, nodes }) => `${id}: ${nodes.length} times, e.g. ${nodes[0].html.slice(0, 160)}`);
  }, RULES);
}
