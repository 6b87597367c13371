/** Recordings for the tests, generated each time: what is in them is known. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { ROOT, run } from "./server.mjs";

/** When every recording begins. */
export const START = 1_800_000_000;

/** The recording of the rehearsal, and its truth. */
export function writeRehearsal(place, name = "spike-s3.log.gz") {
  const scenario = join(ROOT, "tests/scenarios/spike-s3.toml");
  return writeScenario(place, scenario, name);
}

/** A recording of a scenario, as natspike records it; its truth. */
export function writeScenario(place, scenario, name, start = START) {
  const truth = join(place.folder, `${name}.truth.json`);
  const layout = ["--layout", "natspike", "--header", "--start", String(start)];
  const files = ["--records", join(place.data, name), "--truth", truth];
  run(place, "traffic", ["write", "--scenario", scenario, ...layout, ...files]);
  return JSON.parse(readFileSync(truth, "utf8"));
}

/** A recording that takes long to read: a crowd's, again and again. */
export function writeLarge(place, name = "large.log.gz", times = 80) {
  const scenario = join(place.folder, "crowd.toml");
  const crowd = "sources = 60\ndestinations = 900\npairs = 9000\nrecords = 60000";
  writeFileSync(scenario, `title = "A crowd"\nseed = 1\n[population]\n${crowd}\n`);
  writeScenario(place, scenario, name);
  const path = join(place.data, name);
  const text = gunzipSync(readFileSync(path));
  const again = gzipSync(text.subarray(text.indexOf("\n") + 1), { level: 1 });
  for (let at = 1; at < times; at += 1) {
    appendFileSync(path, again);
  }
  return 60_000 * times;
}

const HEAD =
  "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

/** A file of the default format; a record is `[src, dst, srcport, dstport, bytes, action]`. */
export function writeRecords(place, name, records) {
  const lines = records.map(
    ([src, dst, srcport, dstport, bytes, action = "ACCEPT"], at) =>
      `2 123456789012 eni-0a1b2c3d4e5f60718 ${src} ${dst} ${srcport} ${dstport} 6 10 ${bytes} ${START + at} ${START + at + 50} ${action} OK`,
  );
  writeFileSync(join(place.data, name), `${[HEAD, ...lines].join("\n")}\n`);
}

/** Two hosts that use SSH, from outside and from inside. */
export function writeSsh(place, name = "ssh.log") {
  writeRecords(place, name, [
    ["203.0.113.9", "10.0.1.5", 50_000, 22, 4_000],
    ["10.0.1.5", "203.0.113.9", 22, 50_000, 90_000],
    ["198.51.100.4", "10.0.1.5", 50_001, 22, 60, "REJECT"],
    ["10.0.2.7", "192.0.2.80", 40_000, 443, 7_000],
  ]);
}

/** `natspike analyze` of a file of the place, as JSON. */
export function analyzed(place, name, ...args) {
  return JSON.parse(
    run(place, "natspike", ["analyze", name, "--quiet", "--output", "json", ...args]),
  );
}
