/** Every view with and without data, for the tests that look at all of them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { analyzed, writeRecords, writeRehearsal, writeSsh } from "./recordings.mjs";
import { pathOf, settled, show } from "./report.mjs";
import { writeSnapshot } from "./snapshot.mjs";

const FILE = "spike-s3.log.gz";

/** What the views show. */
export function prepare(place) {
  writeRehearsal(place);
  writeSsh(place);
  writeRecords(place, "after.log", [["10.0.1.5", "203.0.113.25", 40_000, 443, 5_000_000]]);
  const long = `${"a-name-that-is-long-and-has-no-place-to-break-".repeat(3)}.log`;
  writeRecords(place, long, [["10.0.1.5", "203.0.113.25", 40_000, 443, 5_000_000]]);
  writeFileSync(join(place.folder, "before.json"), JSON.stringify(analyzed(place, FILE)));
}

/** How the server of the views is started: it knows the owners. */
export function args(place) {
  const owners = { "10.0.1.5": "builder-1", "10.0.2.17": "builder-3", "10.0.2.40": "deployer" };
  return ["--snapshot", writeSnapshot(place, owners)];
}

/** Opens and asks what the views need; the addresses of all of them. */
export async function views(server) {
  const path = (name) => pathOf(server, name);
  const post = async (path, body) => {
    const headers = { "content-type": "application/json" };
    const answer = await server.ask(path, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.json();
  };
  const [spike, after, ssh] = await Promise.all([path(FILE), path("after.log"), path("ssh.log")]);
  const one = await post("/reports", { sources: [spike], options: {} });
  const two = await post("/reports", { sources: [after], options: {} });
  const job = await post("/investigations", { sources: [ssh], options: {} });
  const query = await resultOf(server, job.id);
  const report = (params) => ["report", { source: spike, ...params }];
  return {
    recordings: ["", {}],
    open: ["open", { source: spike }],
    report: report({}),
    "report-window": report({ from: 1_800_000_060, until: 1_800_000_180, where: "port = 443" }),
    "report-owners": report({ show: "owners" }),
    "report-destinations": report({ show: "destinations" }),
    ...Object.fromEntries(
      ["groups", "sources", "destinations", "services", "ports", "zones", "pairs"].map((list) => [
        `report-${list}`,
        report({ tab: "tables", list }),
      ]),
    ),
    ...Object.fromEntries(
      ["findings", "charges", "coverage", "json"].map((tab) => [`report-${tab}`, report({ tab })]),
    ),
    "report-nothing-left": report({ where: "ip = 192.0.2.200" }),
    "report-none": ["report", {}],
    investigate: [
      "investigate",
      { source: ssh, analysis: ["ssh-inbound", "port-specific"], port: 22 },
    ],
    "investigate-none": ["investigate", {}],
    query: [`query/${query}`, {}],
    "query-json": [`query/${query}`, { view: "json" }],
    compare: ["compare", { before: `report:${one.id}`, after: `report:${two.id}` }],
    "compare-none": ["compare", {}],
    live: ["live", {}],
    "not-found": ["nowhere", {}],
  };
}

async function resultOf(server, id) {
  for (;;) {
    const job = (await server.ask(`/jobs/${id}`)).json();
    if (job.state !== "running") {
      return job.result.split("/").at(-1);
    }
  }
}

/** Shows a view and waits until it is drawn. */
export async function showView(page, server, [view, params]) {
  await show(page, server, view, params);
  await page.locator("h1").first().waitFor();
  if (view === "report" && params.source) {
    await settled(page);
  }
  if (view.startsWith("query/")) {
    await page.locator(".facts").waitFor();
  }
  if (view === "compare" && params.before) {
    await page.getByRole("region", { name: "What it costs" }).waitFor();
  }
  await page.waitForFunction(() =>
    [...document.querySelectorAll("main p, main .hint")].every(
      (one) => !one.textContent.endsWith("…"),
    ),
  );
}
