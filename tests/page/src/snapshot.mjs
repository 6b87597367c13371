/** What a recorder would have kept at the alarm of the rehearsal's recording. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { START } from "./recordings.mjs";
import { ROOT } from "./server.mjs";

const GOLDEN = join(ROOT, "crates/egress/tests/golden/spike-s3/snapshot.json");
/** When the alarm of the golden one was. */
const ALARM = 1_700_000_000;

/** Writes the snapshot; its path. Each of `names` is an instance's, by its address. */
export function writeSnapshot(place, names) {
  const golden = JSON.parse(readFileSync(GOLDEN, "utf8"), (_key, value) =>
    typeof value === "number" && Math.abs(value - ALARM) < 100 * 86_400
      ? value - ALARM + START
      : value,
  );
  const [like] = golden.interfaces;
  const instances = Object.entries(names).map(([address, name], at) => ({
    ...like,
    id: `eni-0c${at}`,
    addresses: [address],
    instance: `i-0c1d2e3f40516270${at}`,
    tags: { Name: name },
  }));
  const isOther = ({ addresses }) => !addresses.some((address) => address in names);
  const interfaces = [...golden.interfaces.filter(isOther), ...instances];
  const path = join(place.folder, "snapshot.json");
  writeFileSync(path, JSON.stringify({ ...golden, interfaces }));
  return path;
}
