/** WCAG 2.1 A and AA, as axe-core can tell, in every view and both themes. */
import assert from "node:assert/strict";
import axe from "axe-core";
import { setStage } from "./browser.mjs";
import { pathOf, show, showReport } from "./report.mjs";
import { prepare, showView, views } from "./views.mjs";

const RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] };
const FILE = "spike-s3.log.gz";

const { scene } = await setStage({ prepare });

/** What axe-core says against the page. */
async function violations(page) {
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

for (const theme of ["light", "dark"]) {
  scene(
    `every view is accessible in the ${theme} theme`,
    async ({ page, server }) => {
      const found = {};
      const note = async (name) => {
        const said = await violations(page);
        if (said.length > 0) {
          found[name] = said;
        }
      };
      await showView(page, server, ["", {}]);
      await note("recordings-empty");
      for (const [name, view] of Object.entries(await views(server))) {
        await showView(page, server, view);
        await note(name);
      }
      assert.deepEqual(found, {});
    },
    { theme },
  );

  scene(
    `menus, lists and problems are accessible in the ${theme} theme`,
    async ({ page, server }) => {
      const found = {};
      const note = async (name) => {
        const said = await violations(page);
        if (said.length > 0) {
          found[name] = said;
        }
      };
      await showReport(page, server, FILE);
      await page.getByRole("button", { name: "Export" }).click();
      await page.getByRole("menu").waitFor();
      await note("menu");
      await page.keyboard.press("Escape");
      await page.getByRole("combobox", { name: "Filter" }).fill("dst");
      await page.getByRole("option").first().waitFor();
      await note("names");
      await page.getByRole("combobox", { name: "Filter" }).fill("dst = = 1");
      await page.locator(".filter-wrong").waitFor();
      await note("wrong filter");
      await page.getByRole("group", { name: /Arrow keys move/ }).hover();
      await note("tip of the timeline");
      await show(page, server, "open", { source: await pathOf(server, FILE) });
      await page.getByRole("tab", { name: "Upload" }).click();
      await note("upload");
      await page.getByRole("tab", { name: "S3 and CloudWatch Logs" }).click();
      await note("source in AWS");
      await page.getByRole("button", { name: "From: calendar" }).click();
      await page.getByRole("button", { name: "Month after" }).waitFor();
      await note("calendar");
      await show(page, server, "report", { source: "/etc/hostname" });
      await page.getByRole("alert").first().waitFor();
      await note("problem");
      assert.deepEqual(found, {});
    },
    { theme, expects: [/status of 403/] },
  );
}
