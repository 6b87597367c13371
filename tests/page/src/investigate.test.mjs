/** Investigations: run, with lists of prefixes, recalled, cancelled. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setStage } from "./browser.mjs";
import { writeLarge, writeSsh } from "./recordings.mjs";
import { paramsOf, pathOf, rowsOf, show } from "./report.mjs";
import { run } from "./server.mjs";
import { expectEventually } from "./waiting.mjs";

const SUBNETS = [
  { ip_prefix: "203.0.113.0/24", region: "north-1", city: "Harbour" },
  { ip_prefix: "192.0.2.0/24", region: "south-2", city: "Hill" },
];

const { scene } = await setStage({
  prepare(place) {
    writeSsh(place);
    writeFileSync(join(place.folder, "cloudlet.json"), JSON.stringify({ subnets: SUBNETS }));
    writeFileSync(
      join(place.folder, "broken.txt"),
      "203.0.113.0/24\n198.51.100.0/24\n203.0.113.0/240\n",
    );
    return { records: writeLarge(place) };
  },
});

const runButton = (page) => page.getByRole("button", { name: "Run", exact: true });

/** Chooses analyses of a file and runs them; the id of the query. */
async function investigate(page, server, name, analyses, params = {}) {
  await show(page, server, "investigate", { source: await pathOf(server, name), ...params });
  for (const analysis of analyses) {
    await page.getByRole("checkbox", { name: new RegExp(`^${analysis}\\b`) }).check();
  }
  await runButton(page).click();
  await page.waitForURL(/#\/query\//);
  await page.locator(".facts").waitFor();
  return new URL(page.url()).hash.replace("#/query/", "").replace(/\?.*/, "");
}

/** The sums of a table: those that the command prints. */
function expectSame(rows, table) {
  const shown = rows.map((row) => row.bytes.title);
  const said = table.rows.map((row) => `${BigInt(row.sums.bytes).toLocaleString("en-US")} bytes`);
  assert.deepEqual(shown, said);
}

scene(
  "ssh-inbound answers who sent to port 22, as the command does",
  async ({ page, server, place }) => {
    await investigate(page, server, "ssh.log", ["ssh-inbound"]);
    const rows = await rowsOf(page.locator(".found table").first());
    const args = [
      "investigate",
      "ssh-inbound",
      "ssh.log",
      "--quiet",
      "--output",
      "json",
      "--no-history",
    ];
    const found = JSON.parse(run(place, "natspike", args));
    expectSame(rows, found.tables[0]);
    const said = JSON.stringify(rows);
    assert.match(said, /203\.0\.113\.9/);
    assert.match(said, /198\.51\.100\.4/);
    assert.doesNotMatch(said, /192\.0\.2\.80/);
  },
);

scene(
  "all analyses of a recording are shown, and those without rows are said",
  async ({ page, server }) => {
    await investigate(page, server, "ssh.log", []);
    await page.getByRole("heading", { name: "All analyses" }).waitFor();
    await page.getByText(/^Nothing was found by \d+ of \d+$/).waitFor();
  },
);

scene(
  "a list of prefixes is uploaded, and its matches have provider and region",
  async ({ page, server, place }) => {
    await show(page, server, "investigate", { source: await pathOf(server, "ssh.log") });
    await page
      .locator(".upload input[type=file]")
      .setInputFiles(join(place.folder, "cloudlet.json"));
    await page.getByText("2 prefixes").waitFor();
    await page.getByRole("checkbox", { name: /^cidr-connections\b/ }).check();
    await runButton(page).click();
    await page.waitForURL(/#\/query\//);
    const table = page.locator(".found table").first();
    await table.waitFor();
    const rows = await rowsOf(table);
    const of = (address) =>
      JSON.stringify(rows.filter((row) => JSON.stringify(row).includes(address)));
    assert.match(of("203.0.113.9"), /cloudlet/);
    assert.match(of("203.0.113.9"), /north-1/);
    assert.match(of("192.0.2.80"), /south-2/);
    assert.doesNotMatch(JSON.stringify(rows), /198\.51\.100\.4/);
  },
);

scene(
  "a broken list of prefixes shows its line",
  async ({ page, server, place }) => {
    await show(page, server, "investigate", { source: await pathOf(server, "ssh.log") });
    await page.locator(".upload input[type=file]").setInputFiles(join(place.folder, "broken.txt"));
    const alert = page.getByRole("alert").filter({ hasText: "broken.txt" });
    await alert.waitFor();
    assert.match(await alert.innerText(), /\b3\b/);
    assert.match(await alert.innerText(), /203\.0\.113\.0\/240/);
    await alert.getByRole("button", { name: "Dismiss" }).click();
    assert.equal(await alert.count(), 0);
  },
  { expects: [/status of 422/] },
);

/** The shortest beginning of an id that no other query has. */
async function beginning(server, id) {
  const { queries } = (await server.ask("/queries")).json();
  const others = queries.map((query) => query.id).filter((other) => other !== id);
  for (let letters = 1; letters < id.length; letters += 1) {
    const start = id.slice(0, letters);
    if (!others.some((other) => other.startsWith(start))) {
      return start;
    }
  }
  return id;
}

scene(
  "a query is recalled by its id, by its beginning and from the history",
  async ({ page, server }) => {
    const id = await investigate(page, server, "ssh.log", ["ssh-response"]);
    const field = page.getByRole("searchbox", { name: "Id of a query, or its beginning" });
    for (const typed of [id, await beginning(server, id)]) {
      await page.getByRole("link", { name: "Recordings" }).click();
      await page.getByRole("link", { name: id }).waitFor();
      await field.fill(typed);
      await field.press("Enter");
      await page.waitForURL(`**/#/query/${id}`);
      await page.getByRole("heading", { level: 1, name: /ssh-response/ }).waitFor();
    }
    await page.getByRole("link", { name: "Recordings" }).click();
    await page.getByRole("link", { name: id }).click();
    await page.getByText("203.0.113.9").first().waitFor();
  },
);

scene(
  "a query that nobody asked says what to do",
  async ({ page, server }) => {
    await show(page, server, "query/zzzzzzzz");
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByRole("link", { name: "Look in the history" }).isVisible(), true);
  },
  { expects: [/status of 404/] },
);

scene("a long run is cancelled, and runs again", async ({ page, server }) => {
  // All analyses, which take long enough to be cancelled.
  await show(page, server, "investigate", { source: await pathOf(server, "large.log.gz") });
  await runButton(page).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("The investigation was cancelled.").waitFor();
  const { jobs } = (await server.ask("/jobs")).json();
  assert.equal(
    jobs.some((job) => job.state === "cancelled"),
    true,
  );
  assert.equal(paramsOf(page).has("job"), false);
  await runButton(page).click();
  await page.waitForURL(/#\/query\//, { timeout: 60_000 });
  await page.getByText("4,800,000 read").first().waitFor();
});

scene("a run that is under way is followed after a reload", async ({ page, server }) => {
  await show(page, server, "investigate", { source: await pathOf(server, "large.log.gz") });
  await page.getByRole("checkbox", { name: /^ssh-outbound\b/ }).check();
  await runButton(page).click();
  await page.waitForURL(/job=/);
  await page.reload();
  await page.waitForURL(/#\/query\//, { timeout: 60_000 });
});

scene("the reading of a report is cancelled, and read again", async ({ page, server, facts }) => {
  await show(page, server, "report", { source: await pathOf(server, "large.log.gz") });
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("The reading was cancelled.").waitFor();
  await page.getByRole("button", { name: "Read", exact: true }).click();
  await page
    .getByText(`${facts.records.toLocaleString("en-US")} records`)
    .waitFor({ timeout: 60_000 });
});

scene("the table of a query is sorted and saved as CSV", async ({ page, server }) => {
  await investigate(page, server, "ssh.log", ["external-inbound"]);
  const table = page.locator(".found table").first();
  await page.getByRole("button", { name: "bytes" }).first().click();
  await expectEventually(
    async () => (await rowsOf(table)).map((row) => row.bytes.title),
    ["60 bytes", "4,000 bytes"],
  );
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page
      .getByRole("button", { name: /^CSV of/ })
      .first()
      .click(),
  ]);
  const text = Buffer.concat(await (await download.createReadStream()).toArray()).toString("utf8");
  const [, first, second, end] = text.split("\r\n");
  assert.match(first, /198\.51\.100\.4/);
  assert.match(second, /203\.0\.113\.9/);
  assert.equal(end, "");
});
