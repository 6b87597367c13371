/** Coming in, and opening a recording. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setStage } from "./browser.mjs";
import { writeRehearsal } from "./recordings.mjs";
import { exactBytes, expectFigure, pathOf, settled, show, showReport } from "./report.mjs";
import { startServer } from "./server.mjs";
import { expectEventually } from "./waiting.mjs";

const FILE = "spike-s3.log.gz";
const LIMIT = 1 << 20;

const { scene, facts } = await setStage({
  prepare(place) {
    const truth = writeRehearsal(place);
    mkdirSync(join(place.data, "empty"));
    writeFileSync(join(place.data, "notes.txt"), "Buy milk.\nCall the plumber.\n");
    writeFileSync(join(place.data, "bytes.gz"), Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]));
    writeFileSync(join(place.folder, "large.log"), Buffer.alloc(LIMIT + 1));
    return truth;
  },
  args: () => ["--max-upload", String(LIMIT)],
});

scene(
  "the printed address opens the page, and its token leaves the address bar",
  async ({ page, server, context }) => {
    assert.match(server.printed, /^http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{32}$/);
    await page.locator("h1", { hasText: "Recordings" }).waitFor();
    assert.equal(page.url().includes(server.token), false);
    assert.equal(await page.evaluate(() => document.cookie), "");
    const [cookie] = await context.cookies();
    assert.equal(cookie.httpOnly && cookie.sameSite === "Strict", true);
    await page.reload();
    await page.locator("h1", { hasText: "Recordings" }).waitFor();
  },
);

scene(
  "without the token nothing is shown, and it says what to do",
  async ({ page, server }) => {
    const answer = await page.goto(`${server.origin}/`);
    assert.equal(answer.status(), 401);
    assert.match(await page.locator("body").innerText(), /token/);
  },
  { isSignedOut: true, expects: [/status of 401/] },
);

scene("a recording is opened by the file browser", async ({ page }) => {
  await page.getByRole("link", { name: "Open", exact: true }).click();
  await page.getByRole("button", { name: FILE }).click();
  await page.getByRole("button", { name: "Open the report" }).click();
  await settled(page);
  await expectFigure(page, "Processed", exactBytes(facts.bytes.processed));
});

scene("a recording is opened by upload", async ({ page, place }) => {
  await page.getByRole("link", { name: "Open", exact: true }).click();
  await page.getByRole("tab", { name: "Upload" }).click();
  await page.locator("input[type=file]").setInputFiles(join(place.data, FILE));
  await page.getByRole("list", { name: "What is taken" }).getByText(FILE).waitFor();
  await page.getByRole("button", { name: "Open the report" }).click();
  await settled(page);
  await expectFigure(page, "Processed", exactBytes(facts.bytes.processed));
});

scene("a file is opened by dropping it", async ({ page, place }) => {
  await page.getByRole("link", { name: "Open", exact: true }).click();
  await page.getByRole("tab", { name: "Upload" }).click();
  const content = readFileSync(join(place.data, FILE)).toString("base64");
  const dropped = await page.evaluateHandle(
    ([content, name]) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], name));
      return data;
    },
    [content, "dropped.log.gz"],
  );
  await page.dispatchEvent(".drop", "drop", { dataTransfer: dropped });
  await page.getByRole("list", { name: "What is taken" }).getByText("dropped.log.gz").waitFor();
});

scene(
  "a file that is too large is refused before it is sent, with the limit",
  async ({ page, place }) => {
    await page.getByRole("link", { name: "Open", exact: true }).click();
    await page.getByRole("tab", { name: "Upload" }).click();
    await page.locator("input[type=file]").setInputFiles(join(place.folder, "large.log"));
    const alert = page.getByRole("alert").filter({ hasText: "large.log" });
    await alert.waitFor();
    assert.match(await alert.innerText(), /1\.00 MB|1,048,576/);
  },
);

scene("an empty folder says so", async ({ page, server }) => {
  await show(page, server, "open");
  await page.getByRole("button", { name: "empty" }).click();
  await page.getByText("This folder is empty.").waitFor();
  await page.getByText("Go up, or upload a file.").waitFor();
});

scene(
  "an empty folder as a source says what to do",
  async ({ page, server }) => {
    await show(page, server, "report", { source: await pathOf(server, "empty") });
    const alert = page.getByRole("alert");
    await alert.waitFor();
    assert.match(await alert.innerText(), /empty|no file|nothing/i);
  },
  { expects: [/status of 422/] },
);

for (const [name, expected] of [
  ["notes.txt", /header|format|flow log|line/i],
  ["bytes.gz", /damaged or incomplete/],
]) {
  scene(`${name}, which is no flow log, is said to be none`, async ({ page, server }) => {
    await show(page, server, "report", { source: await pathOf(server, name) });
    await page.locator(".notice").first().waitFor();
    const said = await page.locator("main").innerText();
    assert.match(said, expected);
    assert.equal(await page.getByRole("button", { name: "Try again" }).isVisible(), true);
  });
}

scene(
  "a path outside of what may be opened is refused in words",
  async ({ page, server }) => {
    await show(page, server, "report", { source: "/etc/hostname" });
    const alert = page.getByRole("alert");
    await alert.waitFor();
    assert.match(await alert.innerText(), /may be opened|natspike serve/i);
  },
  { expects: [/status of 403/] },
);

scene("a report that was closed is opened again by its address", async ({ page, server }) => {
  await showReport(page, server, FILE);
  const { reports } = (await server.ask("/reports")).json();
  for (const report of reports) {
    await server.ask(`/reports/${report.id}`, { method: "DELETE" });
  }
  await page.reload();
  await settled(page);
  await expectFigure(page, "Processed", exactBytes(facts.bytes.processed));
});

scene(
  "a report that is closed while it is shown says what to do",
  async ({ page, server }) => {
    await showReport(page, server, FILE);
    const { reports } = (await server.ask("/reports")).json();
    for (const report of reports) {
      await server.ask(`/reports/${report.id}`, { method: "DELETE" });
    }
    await page.getByRole("group", { name: /Arrow keys move/ }).focus();
    await page.keyboard.press("ArrowRight");
    const alert = page.getByRole("alert").first();
    await alert.waitFor();
    await alert.getByRole("button", { name: "Try again" }).click();
    await settled(page);
  },
  { expects: [/status of 404/] },
);

scene("reports that are open are listed, and closed there", async ({ page, server }) => {
  await showReport(page, server, FILE);
  await page.getByRole("link", { name: "Recordings" }).click();
  await page.getByText("200 records").first().waitFor();
  await page
    .getByRole("button", { name: /^Close .*spike-s3/ })
    .first()
    .click();
  await expectEventually(
    async () =>
      (await server.ask("/reports")).json().reports.filter((one) => one.title.includes(FILE))
        .length,
    0,
  );
});

scene(
  "a server that is gone is said, with what to do",
  async ({ page, place }) => {
    const gone = await startServer(place);
    await page.goto(gone.printed);
    await page.locator("h1", { hasText: "Recordings" }).waitFor();
    await page.getByText("No report is open.").waitFor();
    await gone.stop();
    await page.getByRole("link", { name: "Open", exact: true }).click();
    const alert = page.getByRole("alert").first();
    await alert.waitFor();
    assert.match(await alert.innerText(), /does not answer[\s\S]*natspike serve[\s\S]*terminal/);
    assert.equal(await alert.getByRole("button", { name: "Try again" }).isVisible(), true);
  },
  // It is another server than that of the stage.
  {
    isSignedOut: true,
    expects: [
      /ERR_(CONNECTION_REFUSED|EMPTY_RESPONSE)/,
      /request elsewhere: http:\/\/127\.0\.0\.1:/,
    ],
  },
);
