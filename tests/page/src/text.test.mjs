/** What others wrote is shown as text: names of files and networks, filters, addresses. */
import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setStage } from "./browser.mjs";
import { writeRehearsal, writeSsh } from "./recordings.mjs";
import { settled, show, showReport } from "./report.mjs";
import { writeSnapshot } from "./snapshot.mjs";

const HTML = `<img src=x onerror="window.ran=1">`;
const NAME = "<img src=x onerror=window.ran=1>.log.gz";

const { scene } = await setStage({
  prepare(place) {
    writeRehearsal(place);
    copyFileSync(join(place.data, "spike-s3.log.gz"), join(place.data, NAME));
    writeSsh(place);
    const network = (prefix) => `${prefix},"${HTML.replaceAll('"', '""')}"\n`;
    writeFileSync(
      join(place.folder, "networks.csv"),
      `prefix,name\n${network("10.0.1.5/32")}${network("203.0.113.0/24")}`,
    );
  },
  args: (place) => [
    ...["--networks", join(place.folder, "networks.csv")],
    ...["--snapshot", writeSnapshot(place, { "10.0.1.6": HTML })],
  ],
});

/** Nothing ran and no element came of it. */
async function expectText(page, text) {
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.equal(await page.locator("img").count(), 0);
  assert.equal((await page.locator("body").innerText()).includes(text), true, text);
}

scene("HTML in the name of a file is text", async ({ page, server }) => {
  await show(page, server, "open");
  await page.getByRole("button", { name: NAME }).click();
  await expectText(page, NAME);
  await page.getByRole("button", { name: "Open the report" }).click();
  await settled(page);
  await expectText(page, NAME);
  await page.getByRole("link", { name: "Recordings" }).click();
  await page.locator("main").getByText(NAME).first().waitFor();
  await expectText(page, NAME);
});

scene(
  "HTML in the name of a network is text in every part of the report",
  async ({ page, server }) => {
    for (const part of [{}, { show: "owners" }, { show: "destinations" }, { tab: "json" }]) {
      await showReport(page, server, "spike-s3.log.gz", part);
      assert.equal(await page.evaluate(() => window.ran), undefined);
      assert.equal(await page.locator("img").count(), 0);
    }
    await showReport(page, server, "spike-s3.log.gz", { tab: "tables", list: "destinations" });
    await page.getByText(HTML).first().waitFor();
    await expectText(page, HTML);
  },
);

scene(
  "HTML in the name of a network is text in an investigation",
  async ({ page, server, place }) => {
    const path = join(place.data, "ssh.log");
    await show(page, server, "investigate", { source: path, analysis: "external-inbound" });
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.waitForURL(/#\/query\//);
    await page.locator(".found table").waitFor();
    await expectText(page, HTML);
  },
);

scene(
  "HTML in the tag of an owner is text in every part of the report",
  async ({ page, server }) => {
    for (const part of [{}, { show: "owners" }, { tab: "findings" }, { tab: "json" }]) {
      await showReport(page, server, "spike-s3.log.gz", part);
      assert.equal(await page.evaluate(() => window.ran), undefined);
      assert.equal(await page.locator("img").count(), 0);
    }
    await showReport(page, server, "spike-s3.log.gz", { tab: "tables", list: "groups" });
    await page.getByText(HTML).first().waitFor();
    await expectText(page, HTML);
  },
);

scene("the exported page runs nothing either", async ({ page, server, context }) => {
  await showReport(page, server, "spike-s3.log.gz");
  const { reports } = (await server.ask("/reports")).json();
  const { text } = await server.ask(`/reports/${reports[0].id}/export?form=html`);
  assert.equal(text.includes(HTML), false);
  const other = await context.newPage();
  await other.setContent(text);
  assert.equal(await other.evaluate(() => window.ran), undefined);
});

scene(
  "HTML in an address is text",
  async ({ page, server }) => {
    await show(page, server, "report", { source: HTML, where: HTML });
    await page.getByRole("alert").first().waitFor();
    await expectText(page, HTML);
    await show(page, server, `query/${encodeURIComponent(HTML)}`);
    await page.getByRole("alert").first().waitFor();
    await expectText(page, HTML);
  },
  { expects: [/status of 4\d\d/] },
);
