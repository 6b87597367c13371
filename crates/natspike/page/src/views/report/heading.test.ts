/** Headings of sources, and what stays as it was while the filter changes. */
import { expect, test } from "vitest";
import type { Timeline } from "../../api/types.ts";
import { drawnToo, NOTHING_DRAWN } from "./drawn.ts";
import { headingOf } from "./heading.ts";

test.each([
  [["/logs/nat/spike.log.gz"], "spike.log.gz", "/logs/nat/"],
  [["/logs/nat/"], "nat", "/logs/"],
  [["/nat.log"], "nat.log", "/"],
  [["/a/x.log", "/a/y.log"], "x.log, y.log", "/a/"],
  [["/a/x.log", "/b/y.log"], "the server's", undefined],
  [["s3://bucket/AWSLogs/123456789012/"], "s3://bucket", "AWSLogs/123456789012/"],
  [["s3://bucket"], "the server's", undefined],
  [["logs:///natspike/recording"], "the server's", undefined],
  [["upload:7"], "the server's", "uploaded"],
  [["recording:nat-0a1b2c3d4e5f60718-1"], "nat-0a1b2c3d4e5f60718-1", "recording of the stack"],
  [[], "the server's", undefined],
])("%o is headed %s", (sources, name, place) => {
  expect(headingOf(sources, "the server's")).toEqual({ name, place });
});

test("a source has a heading before the server says a title", () => {
  expect(headingOf(["s3://bucket"], undefined).name).toBe("s3://bucket");
});

function timeline(services: (string | null)[], ...starts: number[]): Timeline {
  const points = starts.map((start) => ({ start, bytes: services.map(() => 1) }));
  return { period_seconds: 60, services, points };
}

test("another filter changes neither the order of services nor the time", () => {
  const whole = drawnToo(NOTHING_DRAWN, timeline(["S3", null, "EC2"], 0, 600));
  expect(whole).toEqual({ services: ["S3", null, "EC2"], time: { from: 0, until: 660 } });
  expect(drawnToo(whole, timeline(["EC2"], 120))).toBe(whole);
  expect(drawnToo(whole, timeline([]))).toBe(whole);
  expect(drawnToo(whole, timeline(["SQS", "S3"], 660))).toEqual({
    services: ["S3", null, "EC2", "SQS"],
    time: { from: 0, until: 720 },
  });
});
