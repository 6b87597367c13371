/**
 * The pictures of the page in docs/pictures, taken of generated recordings.
 *
 * **Invariants.** Times and figures are those of the recordings, so that a picture
 * changes when the page does; colours are reduced to a palette, to keep it small.
 */
import { mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import UPNG from "upng-js";
import { launch, visit } from "./browser.mjs";
import { START, writeRehearsal, writeScenario } from "./recordings.mjs";
import { ROOT, startServer } from "./server.mjs";
import { writeSnapshot } from "./snapshot.mjs";
import { showView } from "./views.mjs";

const PICTURES = join(ROOT, "docs/pictures");
const COLOURS = 256;
/** Widths, and the heights at which a long page is cut. */
const SIZES = [
  { width: 390, height: 2200 },
  { width: 1280, height: 1500 },
  { width: 2560, height: 1500 },
];
const [HOUR, DAY] = [3600, 86_400];
const [BEFORE, AFTER] = ["before.log.gz", "with-endpoint.log.gz"];
/** The desk's own names of its networks. */
const NETWORKS = ["prefix,name", "203.0.113.0/24,artefacts", "198.51.100.53/32,resolver"];
/** Whose addresses they were at the alarm. */
const OWNERS = {
  "10.0.1.5": "builder-1",
  "10.0.1.6": "builder-2",
  "10.0.2.17": "builder-3",
  "10.0.2.40": "deployer",
};

/** The rehearsal's recording, and one of the day after, when S3 has an endpoint. */
function record(place) {
  writeRehearsal(place, BEFORE);
  const scenario = readFileSync(join(ROOT, "tests/scenarios/spike-s3.toml"), "utf8");
  const parts = scenario.split(/(?=^\[\[)/m).filter((part) => !part.includes('service = "S3"'));
  const path = join(place.folder, "with-endpoint.toml");
  writeFileSync(path, parts.join(""));
  writeScenario(place, path, AFTER, START + DAY);
  utimesSync(join(place.data, BEFORE), START + HOUR, START + HOUR);
  utimesSync(join(place.data, AFTER), START + DAY + HOUR, START + DAY + HOUR);
  writeFileSync(join(place.folder, "networks.csv"), `${NETWORKS.join("\n")}\n`);
}

/** Opens and asks what is pictured; the view of each picture. */
async function prepareViews(server, place) {
  const [before, after] = [BEFORE, AFTER].map((name) => join(place.data, name));
  const post = (path, body) => {
    const headers = { "content-type": "application/json" };
    return server.ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  };
  const one = (await post("/reports", { sources: [before], options: {} })).json();
  const two = (await post("/reports", { sources: [after], options: {} })).json();
  const analysis = ["top-external", "top-talkers", "rejected"];
  const job = (await post("/investigations", { sources: [before], options: { analysis } })).json();
  let state = job;
  while (state.state === "running") {
    state = (await server.ask(`/jobs/${job.id}`)).json();
  }
  return {
    report: ["report", { source: before }],
    investigate: ["investigate", { source: before, analysis }],
    query: [`query/${state.result.split("/").at(-1)}`, {}],
    recordings: ["", {}],
    compare: ["compare", { before: `report:${one.id}`, after: `report:${two.id}` }],
  };
}

/** Takes the picture of a view. */
async function take(stage, name, view, { width, height }, theme = "light") {
  const { page, context, troubles } = await visit(stage, { size: { width, height: 900 }, theme });
  await showView(page, stage.server, view);
  await page.mouse.move(0, 0);
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  // What sticks to an edge of the window is at that edge of the picture.
  await page.setViewportSize({ width, height: Math.min(whole, height) });
  const image = UPNG.decode(await page.screenshot());
  const small = UPNG.encode(UPNG.toRGBA8(image), image.width, image.height, COLOURS);
  writeFileSync(join(PICTURES, `${name}.png`), Buffer.from(small));
  await context.close();
  if (troubles.length > 0) {
    throw new Error(`${name}: ${troubles.join("; ")}`);
  }
}

// A name of always the same letters: it is seen.
const folder = join(tmpdir(), "natspike-pictures");
const place = { folder, data: join(folder, "recordings"), home: join(folder, "home") };
rmSync(folder, { recursive: true, force: true });
mkdirSync(PICTURES, { recursive: true });
mkdirSync(place.data, { recursive: true });
mkdirSync(place.home);
record(place);
const snapshot = writeSnapshot(place, OWNERS);
const networks = join(folder, "networks.csv");
const server = await startServer(place, [
  ...["--networks", networks, "--snapshot", snapshot, "--region", "us-east-1"],
]);
const browser = await launch();
try {
  const stage = { server, browser };
  const views = await prepareViews(server, place);
  for (const size of SIZES) {
    for (const [name, view] of Object.entries(views)) {
      await take(stage, `${name}-${size.width}`, view, size);
    }
  }
  await take(stage, "report-1280-dark", views.report, SIZES[1], "dark");
} finally {
  await browser.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
