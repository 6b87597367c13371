/** The filter: by click, typed, wrong, in the address. */
import assert from "node:assert/strict";
import { setStage } from "./browser.mjs";
import { analyzed, writeRehearsal } from "./recordings.mjs";
import { exactBytes, expectFigure, paramsOf, settled, showReport } from "./report.mjs";
import { expectEventually } from "./waiting.mjs";

const FILE = "spike-s3.log.gz";

const { scene, facts: truth } = await setStage({ prepare: (place) => writeRehearsal(place) });

const box = (page) => page.getByRole("combobox", { name: "Filter" });

/** The report is of the filter, and so are box and address. */
async function expectFiltered(page, place, where) {
  await expectEventually(async () => paramsOf(page).get("where"), where);
  await settled(page);
  assert.equal(await box(page).inputValue(), where);
  const report = analyzed(place, FILE, "--where", where);
  assert.notEqual(report.bytes.processed, truth.bytes.processed);
  await expectFigure(page, "Processed", exactBytes(report.bytes.processed));
}

scene(
  "a click on a row filters; reload and the back button give back",
  async ({ page, server, place }) => {
    await showReport(page, server, FILE);
    await page.getByRole("button", { name: "Only 10.0.1.5" }).click();
    await expectFiltered(page, place, "ip = 10.0.1.5");
    await page.getByRole("button", { name: "Only 52.94.0.44" }).click();
    await expectFiltered(page, place, "ip = 10.0.1.5 and ip = 52.94.0.44");
    await page.reload();
    await expectFiltered(page, place, "ip = 10.0.1.5 and ip = 52.94.0.44");
    await page.goBack();
    await expectFiltered(page, place, "ip = 10.0.1.5");
    await page.goBack();
    await expectEventually(async () => paramsOf(page).has("where"), false);
    await settled(page);
    await expectFigure(page, "Processed", exactBytes(truth.bytes.processed));
    await page.goForward();
    await expectFiltered(page, place, "ip = 10.0.1.5");
  },
);

scene("a click on a band of the diagram filters", async ({ page, server, place }) => {
  await showReport(page, server, FILE);
  const node = page
    .locator(".sankey")
    .getByRole("button", { name: /^10\.0\.2\.40 .*Filter by it/ });
  await node.click();
  await page.waitForURL(/where=/);
  const where = paramsOf(page).get("where");
  assert.match(where, /10\.0\.2\.40/);
  await expectFiltered(page, place, where);
});

scene("a click on an area filters", async ({ page, server, place }) => {
  await showReport(page, server, FILE, { show: "destinations" });
  await page
    .locator(".treemap")
    .getByRole("button", { name: /^52\.216\.88\.77/ })
    .click();
  await expectFiltered(page, place, "ip = 52.216.88.77");
});

scene("a row of a table filters with and without it", async ({ page, server, place }) => {
  await showReport(page, server, FILE, { tab: "tables", list: "services" });
  const row = page.getByRole("row").filter({ hasText: "DYNAMODB" });
  await row.getByRole("button", { name: "Actions for this row" }).click();
  await page.getByRole("menuitem", { name: /^Without this/ }).click();
  await page.waitForURL(/where=/);
  const where = paramsOf(page).get("where");
  await expectFiltered(page, place, where);
  const rest = analyzed(place, FILE, "--where", where).services.map((one) => one.aws_service);
  assert.equal(rest.includes("DYNAMODB"), false);
  assert.equal(rest.includes("S3"), true);
});

scene("a filter is typed with the help of the names", async ({ page, server, place }) => {
  await showReport(page, server, FILE);
  await box(page).fill("dstp");
  await page.getByRole("option", { name: /^dstport/ }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.match(await box(page).inputValue(), /^dstport $/);
  await box(page).fill("port = 443 and bytes > 1MB");
  await page.keyboard.press("Enter");
  await expectFiltered(page, place, "port = 443 and bytes > 1MB");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expectEventually(async () => paramsOf(page).has("where"), false);
});

scene(
  "a wrong filter shows the sentence with its caret, and nothing is applied",
  async ({ page, server }) => {
    await showReport(page, server, FILE);
    const wrong = "dst is publik and port = 443";
    await box(page).fill(wrong);
    await page.getByRole("button", { name: "Apply" }).click();
    const said = page.locator(".filter-wrong");
    await said.waitFor();
    const lines = (await said.textContent()).split("\n");
    const at = lines.findIndex((line) => line.includes(wrong));
    const caret = lines[at + 1].indexOf("^");
    assert.equal(caret - lines[at].indexOf(wrong), wrong.indexOf("publik"), lines.join("\n"));
    assert.equal(paramsOf(page).has("where"), false);
    assert.equal(await box(page).getAttribute("aria-invalid"), "true");
  },
);

scene(
  "a wrong filter in the address says what is wrong",
  async ({ page, server }) => {
    await page.goto(`${server.origin}/#/report?source=spike-s3.log.gz&where=port+%3D+x`);
    const alert = page.getByRole("alert").first();
    await alert.waitFor();
    assert.match(await alert.innerText(), /port/);
  },
  { expects: [/status of 4\d\d/] },
);

scene("a filter that leaves nothing says what to do next", async ({ page, server }) => {
  await showReport(page, server, FILE, { where: "ip = 192.0.2.200" });
  const said = await page.locator("main").innerText();
  assert.match(said, /(widen|clear|other|change)[^.]*filter|filter[^.]*(widen|clear|leaves|left)/i);
  assert.equal(await page.getByRole("button", { name: "Clear the filter" }).isVisible(), true);
});
