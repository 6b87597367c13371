/** Comparing, saving, the theme, and the views that want a stack. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setStage } from "./browser.mjs";
import { analyzed, writeRecords, writeRehearsal } from "./recordings.mjs";
import { exactMoney, show, showReport } from "./report.mjs";
import { run } from "./server.mjs";
import { expectEventually } from "./waiting.mjs";

const FILE = "spike-s3.log.gz";
const FORMULA = '=HYPERLINK("https://example.com","builders")';
/** Fields that a spreadsheet would compute. */
const FORMULAS = /(^|,)"?[=+@-][^,\d]/m;

const { scene } = await setStage({
  prepare(place) {
    writeRehearsal(place);
    const names = `prefix,name\n10.0.1.5/32,"${FORMULA.replaceAll('"', '""')}"\n203.0.113.25/32,@SUM(1)\n`;
    writeFileSync(join(place.folder, "networks.csv"), names);
    writeRecords(place, "after.log", [
      ["10.0.1.5", "203.0.113.25", 40_000, 443, 5_000_000],
      ["10.0.0.220", "203.0.113.25", 40_000, 443, 5_000_000],
    ]);
    const report = JSON.stringify(analyzed(place, FILE));
    writeFileSync(join(place.folder, "before.json"), report);
  },
  args: (place) => ["--networks", join(place.folder, "networks.csv")],
});

async function download(page, act) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  const text = Buffer.concat(await (await download.createReadStream()).toArray()).toString("utf8");
  return { name: download.suggestedFilename(), text };
}

scene("two reports are compared, as natspike compare does", async ({ page, server, place }) => {
  await showReport(page, server, FILE);
  await showReport(page, server, "after.log");
  await show(page, server, "compare");
  await page.getByText("Choose two sides.").waitFor();
  const take = async (side, title) => {
    const field = page.getByRole("region", { name: side }).getByLabel("What");
    const option = field.locator("option", { hasText: title }).first();
    await option.waitFor({ state: "attached" });
    await field.selectOption(await option.getAttribute("value"));
  };
  await take("Before", FILE);
  await take("After", "after.log");
  const saved = page.getByRole("region", { name: "What it costs" });
  await saved.waitFor();
  for (const name of [FILE, "after.log"]) {
    writeFileSync(join(place.data, `${name}.json`), JSON.stringify(analyzed(place, name)));
  }
  const args = ["compare", `${FILE}.json`, "after.log.json", "--output", "json"];
  const { hourly } = JSON.parse(run(place, "natspike", args));
  const title = (text) => saved.getByTitle(text, { exact: true }).first().isVisible();
  assert.equal(await title(exactMoney(hourly.before)), true);
  assert.equal(await title(exactMoney(hourly.after)), true);
  const url = page.url();
  await page.reload();
  await saved.waitFor();
  assert.equal(page.url(), url);
  await page.getByRole("button", { name: "Swap the sides" }).click();
  await saved.getByText(/more NAT processing an hour/).waitFor();
});

scene("a report's JSON is uploaded as a side", async ({ page, server, place }) => {
  await showReport(page, server, "after.log");
  await show(page, server, "compare");
  const before = page.getByRole("region", { name: "Before" });
  await before.getByText("Upload a report").click();
  await before.locator("input[type=file]").setInputFiles(join(place.folder, "before.json"));
  await expectEventually(
    () => before.getByLabel("What").locator("option:checked").innerText(),
    "before.json",
  );
});

scene("the CSV of a table has all its rows, and no formula", async ({ page, server }) => {
  await showReport(page, server, FILE, { tab: "tables", list: "sources" });
  const { text, name } = await download(page, () =>
    page.getByRole("link", { name: "CSV" }).click(),
  );
  assert.match(name, /\.csv$/);
  const lines = text.trim().split(/\r?\n/);
  assert.equal(lines.length, 5, text);
  assert.match(text, /447400917/);
  assert.match(text, /HYPERLINK/);
  assert.doesNotMatch(text, FORMULAS);
});

for (const [label, pattern] of [
  ["HTML page", /^<!doctype html>/i],
  ["Markdown", /10\.0\.1\.5/],
  ["CSV", /423000000/],
  ["JSON", /"natspike\.report\/1"/],
]) {
  scene(`a report is saved as ${label}`, async ({ page, server }) => {
    await showReport(page, server, FILE);
    await page.getByRole("button", { name: "Export" }).click();
    const item = page.getByRole("menuitem", { name: label, exact: true });
    const { text } = await download(page, () => item.click());
    assert.match(text, pattern);
  });
}

scene("the CSV of a report has no formula", async ({ page, server }) => {
  await showReport(page, server, FILE);
  await page.getByRole("button", { name: "Export" }).click();
  const item = page.getByRole("menuitem", { name: "CSV", exact: true });
  const { text } = await download(page, () => item.click());
  assert.match(text, /HYPERLINK/);
  assert.doesNotMatch(text, FORMULAS);
});

scene("every form that is offered can be saved", async ({ page, server }) => {
  await showReport(page, server, FILE);
  await page.getByRole("button", { name: "Export" }).click();
  const forms = page.getByRole("menuitem");
  const paths = await forms.evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  assert.equal(paths.length >= 4, true);
  for (const path of paths) {
    const { status } = await server.ask(path.replace("/api/v1", ""));
    assert.equal(status, 200, path);
  }
});

const background = (page) =>
  page.evaluate(() =>
    getComputedStyle(document.documentElement)
      .backgroundColor.match(/[\d.]+/g)
      .map(Number),
  );
const isDark = async (page) => (await background(page)).slice(0, 3).every((part) => part < 100);

scene("the theme is switched, and stays after a reload", async ({ page }) => {
  assert.equal(await isDark(page), false);
  await page.getByRole("radio", { name: "Dark" }).check({ force: true });
  await expectEventually(() => isDark(page), true);
  await page.reload();
  await page.locator("h1").waitFor();
  assert.equal(await isDark(page), true);
  assert.equal(await page.getByRole("radio", { name: "Dark" }).isChecked(), true);
  await page.getByRole("radio", { name: "As the system" }).check({ force: true });
  await expectEventually(() => isDark(page), false);
});

scene(
  "a system that is dark gets a dark page",
  async ({ page }) => {
    await expectEventually(() => isDark(page), true);
  },
  { theme: "dark" },
);

scene("without a stack, recordings and live say how to get one", async ({ page, server }) => {
  for (const view of ["", "live"]) {
    await show(page, server, view);
    await page.getByText("natspike serve --stack NAME").waitFor();
  }
});

scene("an address that names no view leads back", async ({ page, server }) => {
  await show(page, server, "nowhere");
  await page.getByRole("link", { name: "Go to the recordings" }).click();
  await page.getByRole("heading", { level: 1, name: "Recordings" }).waitFor();
});

scene("a report that names nothing leads to where one is opened", async ({ page, server }) => {
  await show(page, server, "report");
  await page.getByRole("link", { name: "Open one" }).click();
  await page.getByRole("heading", { level: 1, name: "Open flow logs" }).waitFor();
});
