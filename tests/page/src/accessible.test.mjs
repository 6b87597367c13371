/** WCAG 2.1 A and AA, as axe-core can tell, in every view and both themes. */
import assert from "node:assert/strict";
import { violations } from "./accessibility.mjs";
import { setStage } from "./browser.mjs";
import { pathOf, show, showReport } from "./report.mjs";
import { args, prepare, showView, views } from "./views.mjs";

const FILE = "spike-s3.log.gz";

const { scene } = await setStage({ prepare, args });

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
