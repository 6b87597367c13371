/**
 * A stack that is only played: the answers about it are made here, by the API's types,
 * since the real ones need AWS. What is opened of it is a real file.
 *
 * **Invariants.** Only `/stack` is answered here, and `stack` of the session; a recording
 * is read by the server, from the file that stands for it.
 */
import { START } from "./recordings.mjs";
import { pathOf } from "./report.mjs";

const GATEWAYS = ["nat-0a1b2c3d4e5f60718", "nat-0f1e2d3c4b5a69788"];
/** Fields of a recording of which nothing is known. */
const UNKNOWN = {
  ended: null,
  started_by: "alarm",
  end_reason: null,
  why_not: null,
  seconds: null,
  bytes: null,
  cost_per_hour: null,
  cost_is_at_least: false,
  coverage: null,
  currency: null,
  source: null,
};

/** The recordings of the stack when a test begins. */
function recordings() {
  return [
    {
      ...UNKNOWN,
      execution: "under-way",
      gateway: GATEWAYS[0],
      started: Math.floor(Date.now() / 1000) - 600,
      status: "RUNNING",
      became: "running",
      source: "recording:under-way",
    },
    {
      ...UNKNOWN,
      execution: "cleared",
      gateway: GATEWAYS[1],
      started: START,
      ended: START + 1500,
      status: "SUCCEEDED",
      became: "recorded",
      end_reason: "cleared",
      seconds: 360,
      bytes: 1_165_450_043,
      cost_per_hour: 0.7038,
      cost_is_at_least: true,
      coverage: 0.987,
      currency: "USD",
      source: "recording:cleared",
    },
    {
      ...UNKNOWN,
      execution: "held",
      gateway: GATEWAYS[1],
      started: START - 86_400,
      ended: START - 86_399,
      status: "SUCCEEDED",
      became: "spent",
      why_not: "The number of recordings is spent.",
    },
  ];
}

/** Lets a page see the stack; the requests that change something are kept. */
export async function playStack(page, server, file) {
  const all = recordings();
  const asked = [];
  const path = await pathOf(server, file);
  const answer = (route, json, status = 200) => route.fulfill({ status, json });
  await page.route("**/api/v1/session", async (route) => {
    const real = await route.fetch();
    await answer(route, { ...(await real.json()), stack: "natspike" });
  });
  await page.route(/\/api\/v1\/stack$/, (route) =>
    answer(route, {
      name: "natspike",
      region: "eu-west-1",
      gateways: GATEWAYS.map((id, at) => ({
        id,
        alarm: `natspike-${id}`,
        alarm_state: at === 0 ? "ALARM" : "OK",
        recording: all.find((one) => one.gateway === id && one.became === "running")?.execution,
      })).map((one) => ({ ...one, recording: one.recording ?? null })),
      log_group: "/natspike/recordings",
      bucket: null,
    }),
  );
  await page.route(/\/api\/v1\/stack\/gateways\//, (route) =>
    answer(route, { sentences: ["It takes 15 min.", "It costs about $0.01."] }),
  );
  await page.route(/\/api\/v1\/stack\/recordings(\?.*)?$/, async (route) => {
    const request = route.request();
    if (request.method() === "POST") {
      const { gateway } = request.postDataJSON();
      asked.push(["start", gateway]);
      all.unshift({ ...all[0], gateway, execution: "new", source: "recording:new" });
      await answer(route, { execution: "new" }, 202);
    } else {
      await answer(route, {
        schema: "natspike.recordings/1",
        stack: "natspike",
        region: "eu-west-1",
        recordings: all,
        older: false,
      });
    }
  });
  await page.route(/\/api\/v1\/stack\/recordings\/[^/]+$/, async (route) => {
    const execution = route.request().url().split("/").at(-1);
    asked.push(["stop", execution]);
    Object.assign(
      all.find((one) => one.execution === execution),
      { status: "SUCCEEDED", became: "recorded", ended: START + 60, end_reason: "stopped" },
    );
    await answer(route, {}, 202);
  });
  await page.route(/\/api\/v1\/reports(\?.*)?$/, async (route) => {
    const body = route.request().postDataJSON();
    if (body?.sources?.some((source) => source.startsWith("recording:"))) {
      await route.continue({ postData: { ...body, sources: [path] } });
    } else {
      await route.continue();
    }
  });
  return asked;
}
