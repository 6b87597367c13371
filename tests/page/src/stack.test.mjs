/** The recordings of a stack: listed, started and stopped, and looked at live. */
import assert from "node:assert/strict";
import { violations } from "./accessibility.mjs";
import { setStage } from "./browser.mjs";
import { writeRehearsal } from "./recordings.mjs";
import { exactBytes, paramsOf, rowsOf, settled, show } from "./report.mjs";
import { playStack } from "./stack.mjs";
import { expectEventually } from "./waiting.mjs";

const FILE = "spike-s3.log.gz";

const { scene, facts: truth } = await setStage({ prepare: (place) => writeRehearsal(place) });

const recordings = (page) => page.getByRole("region", { name: /^Recordings of the stack/ });

/** The first view, with a stack. */
async function showRecordings(page, server) {
  const asked = await playStack(page, server, FILE);
  await show(page, server, "");
  await page.reload();
  await recordings(page).getByRole("table").waitFor();
  return asked;
}

scene(
  "recordings say how they ended, and what is under way stands first",
  async ({ page, server }) => {
    await showRecordings(page, server);
    const rows = await rowsOf(recordings(page).getByRole("table"));
    const said = rows.map((row) =>
      Object.values(row)
        .map((cell) => cell.text)
        .join(" | "),
    );
    assert.match(said[0], /nat-0a1b2c3d4e5f60718/);
    assert.match(said[1], /alarm|clear/i);
    assert.match(said[1], /98\.7 %/);
    assert.match(said[2], /number of recordings is spent/);
    // What is not known of a recording under way is not 0.
    assert.doesNotMatch(said[0], /\$0\b/);
  },
);

scene("a recording is opened as a report", async ({ page, server }) => {
  await showRecordings(page, server);
  await recordings(page)
    .getByRole("table")
    .getByRole("link", { name: "nat-0f1e2d3c4b5a69788" })
    .first()
    .click();
  await settled(page);
  assert.equal(paramsOf(page).get("source"), "recording:cleared");
});

scene(
  "a recording is started after it was confirmed, and looked at live",
  async ({ page, server }) => {
    const asked = await showRecordings(page, server);
    await recordings(page).getByRole("button", { name: "Record" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /bill|cost/i);
    await page.keyboard.press("Escape");
    await expectEventually(() => dialog.count(), 0);
    assert.deepEqual(asked, []);
    assert.match(await page.evaluate(() => document.activeElement.innerText), /Record/);
    await recordings(page).getByRole("button", { name: "Record" }).click();
    await dialog.getByRole("button", { name: "Start the recording" }).click();
    await page.waitForURL(/#\/live\?recording=new/);
    assert.deepEqual(asked, [["start", "nat-0f1e2d3c4b5a69788"]]);
    const processed = exactBytes(truth.bytes.processed);
    await page.getByTitle(processed, { exact: true }).first().waitFor();
  },
);

scene("a recording is stopped after it was confirmed", async ({ page, server }) => {
  const asked = await showRecordings(page, server);
  await page.getByRole("link", { name: "Look at it live" }).click();
  await page.getByRole("button", { name: "Stop the recording" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Go on recording" }).click();
  assert.deepEqual(asked, []);
  await page.getByRole("button", { name: "Stop the recording" }).click();
  await dialog.getByRole("button", { name: "Stop the recording" }).click();
  await page.getByText("The recording is over", { exact: false }).waitFor();
  assert.deepEqual(asked, [["stop", "under-way"]]);
});

for (const theme of ["light", "dark"]) {
  scene(
    `the views of a stack and their dialogs are accessible in the ${theme} theme`,
    async ({ page, server }) => {
      await showRecordings(page, server);
      assert.deepEqual(await violations(page), []);
      await recordings(page).getByRole("button", { name: "Record" }).click();
      await page.getByRole("dialog").waitFor();
      assert.deepEqual(await violations(page), []);
      await page.keyboard.press("Escape");
      await show(page, server, "live");
      await page.getByRole("link", { name: /^nat-/ }).waitFor();
      assert.deepEqual(await violations(page), []);
      await page.getByRole("link", { name: /^nat-/ }).click();
      await page.getByText("Draw a window").waitFor();
      assert.deepEqual(await violations(page), []);
      await page.getByRole("button", { name: "Stop the recording" }).click();
      await page.getByRole("dialog").waitFor();
      assert.deepEqual(await violations(page), []);
    },
    { theme },
  );
}

for (const width of [390, 1280]) {
  scene(
    `the views of a stack do not scroll sideways at ${width} px`,
    async ({ page, server }) => {
      const by = () =>
        page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
      await showRecordings(page, server);
      assert.equal(await by(), 0);
      await show(page, server, "live", { recording: "under-way" });
      await page.getByText("Draw a window").waitFor();
      assert.equal(await by(), 0);
    },
    { size: { width, height: 900 } },
  );
}
