/** The figures of the page: those of the truth, and those that the command prints. */
import assert from "node:assert/strict";
import { setStage } from "./browser.mjs";
import { analyzed, START, writeRehearsal } from "./recordings.mjs";
import {
  exactBytes,
  exactMoney,
  expectFigure,
  paramsOf,
  rowsOf,
  settled,
  showReport,
} from "./report.mjs";
import { expectEventually } from "./waiting.mjs";

const FILE = "spike-s3.log.gz";

const { scene, facts: truth } = await setStage({ prepare: (place) => writeRehearsal(place) });

/** The figures of the head are those of a report of the command. */
async function expectReport(page, report) {
  await expectFigure(page, "Processed", exactBytes(report.bytes.processed));
  await expectFigure(page, "Cost per hour", exactMoney(report.cost.full_per_hour));
  await expectFigure(page, "Cost of the window", exactMoney(report.cost.full));
}

/** The rows of a list, as `[name, all digits]`. */
async function shownRows(page, heading) {
  const rows = await rowsOf(page.locator(".tables table"));
  return rows.map((row) => [row[heading].text.split(" ")[0], row.Bytes.title]);
}

/** Waits until the table of a list has the rows of a report. */
async function expectRows(page, list, heading, rows, name) {
  await expectEventually(
    () => shownRows(page, heading),
    rows.map((row) => [row[name] ?? "no", exactBytes(row.bytes)]),
    list,
  );
}

scene(
  "the figures are those of the truth and of natspike analyze",
  async ({ page, server, place }) => {
    const report = analyzed(place, FILE);
    assert.equal(report.bytes.processed, truth.bytes.processed);
    await showReport(page, server, FILE);
    await expectReport(page, report);
    assert.equal(await page.getByText(`${truth.records.read} records`).isVisible(), true);
  },
);

for (const [list, heading, name] of [
  ["sources", "Source", "address"],
  ["destinations", "Destination", "address"],
  ["services", "Service", "aws_service"],
]) {
  scene(`the ${list} are those of the truth`, async ({ page, server }) => {
    await showReport(page, server, FILE, { tab: "tables", list });
    await expectRows(page, list, heading, truth[list], name);
  });
}

scene("the JSON of the page is the JSON of natspike analyze", async ({ page, server, place }) => {
  await showReport(page, server, FILE, { tab: "json" });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator(".json-actions").getByRole("button", { name: "Download" }).click(),
  ]);
  const text = await (await download.createReadStream()).toArray();
  const shown = JSON.parse(Buffer.concat(text).toString("utf8"));
  // The command keeps no time, so bytes by port are not known to it.
  const { ports, zones, ...rest } = analyzed(place, FILE);
  assert.deepEqual([ports, zones], [null, []]);
  for (const [key, value] of Object.entries(rest)) {
    assert.deepEqual(shown[key], value, key);
  }
});

const brush = (page) => page.getByRole("group", { name: /Arrow keys move/ });

/** The figures are those of the command for the window in the address. */
async function expectWindow(page, place) {
  await settled(page);
  const [from, until] = ["from", "until"].map((name) => Number(paramsOf(page).get(name)));
  assert.equal(from >= START && until > from, true, `${from} to ${until}`);
  const report = analyzed(place, FILE, "--where", `start >= ${from} and start < ${until}`);
  assert.notEqual(report.bytes.processed, truth.bytes.processed);
  await expectReport(page, report);
  return { from, until, report };
}

scene(
  "a window is drawn with the mouse, and the figures are of it",
  async ({ page, server, place }) => {
    await showReport(page, server, FILE);
    const box = await brush(page).boundingBox();
    const at = (part) => box.x + box.width * part;
    await page.mouse.move(at(0.25), box.y + 60);
    await page.mouse.down();
    await page.mouse.move(at(0.4), box.y + 60, { steps: 4 });
    await page.mouse.move(at(0.55), box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/from=/);
    const { from, until } = await expectWindow(page, place);
    assert.deepEqual([from, until], [START + 60, START + 180]);
    await page.reload();
    await expectWindow(page, place);
  },
);

scene(
  "a window is drawn with the keyboard, and Escape gives the whole back",
  async ({ page, server, place }) => {
    await showReport(page, server, FILE);
    await brush(page).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await page.waitForURL(/from=/);
    await expectEventually(
      async () => ["from", "until"].map((name) => paramsOf(page).get(name)),
      [String(START + 60), String(START + 180)],
    );
    await expectWindow(page, place);
    await page.keyboard.press("Escape");
    await expectEventually(async () => paramsOf(page).has("from"), false);
    await settled(page);
    await expectFigure(page, "Processed", exactBytes(truth.bytes.processed));
  },
);

scene("a window is typed, and the tables are of it", async ({ page, server, place }) => {
  await showReport(page, server, FILE, { tab: "tables", list: "sources" });
  await page.getByLabel("From", { exact: true }).fill("2027-01-15T08:02");
  await page.getByLabel("From", { exact: true }).press("Enter");
  await page.waitForURL(/from=/);
  const { report } = await expectWindow(page, place);
  await expectRows(page, "sources", "Source", report.sources, "address");
});

scene(
  "a filter and a window together are those of the command",
  async ({ page, server, place }) => {
    const [from, until] = [START + 60, START + 240];
    await showReport(page, server, FILE, {
      where: "src = 10.0.1.5 or dst = 10.0.1.5",
      from,
      until,
    });
    const where = `(src = 10.0.1.5 or dst = 10.0.1.5) and start >= ${from} and start < ${until}`;
    await expectReport(page, analyzed(place, FILE, "--where", where));
  },
);
