/** What rows say as filters, and the address of a report. */
import { expect, test } from "vitest";
import type { ListName, Moved, Report } from "../../api/types.ts";
import { readHash } from "../../state/location.ts";
import { askedOf, investigateHref, reportHref } from "../../state/report-address.ts";
import { rangeOf } from "./place.ts";
import { rowTerm } from "./terms.ts";

const owner = { label: "web", auto_scaling_group: "web-asg", node_group: null, cluster: null };
const REPORT = {
  sources: [
    { address: "10.0.1.5", owner },
    { address: "10.0.1.6", owner },
    { address: "10.0.1.7", owner: null },
  ],
  destinations: [{ address: "192.0.2.1", name: "example.com" }],
} as unknown as Report;

test.each<[ListName, object, string | null]>([
  ["sources", { address: "10.0.1.5" }, "ip = 10.0.1.5"],
  ["destinations", { address: "2001:db8::1" }, "ip = 2001:db8::1"],
  ["destinations", { address: "beyond the limit" }, null],
  ["services", { aws_service: "S3" }, "service = S3"],
  ["services", { aws_service: null }, "src-service is missing and dst-service is missing"],
  ["ports", { protocol: 6, port: 443 }, "protocol = 6 and port = 443"],
  ["ports", { protocol: 6, port: null }, null],
  ["pairs", { source: "10.0.1.5", destination: "192.0.2.1" }, "ip = 10.0.1.5 and ip = 192.0.2.1"],
  ["groups", { name: "web-asg", addresses: 2 }, "ip in (10.0.1.5, 10.0.1.6)"],
  ["groups", { name: "web-asg", addresses: 3 }, null],
  ["groups", { name: null, addresses: 1 }, "ip = 10.0.1.7"],
  ["named_destinations", { name: "example.com", addresses: 1 }, "ip = 192.0.2.1"],
  ["zones", { zone: "use1-az1" }, null],
  ["zones", { zone: "use1-az1", filter: "src = 10.0.1.5" }, "src = 10.0.1.5"],
])("%s %o", (list, row, term) => {
  expect(rowTerm(list, row as Moved, REPORT)).toBe(term);
});

test("an address gives back what is to be read", () => {
  const options = { where: "port = 443", region: ["us-east-1", "eu-west-1"], since: "3d" };
  const to = reportHref(["s3://bucket/a b", "/logs"], options, { from: 60, tab: "json" });
  const { view, params } = readHash(to);
  expect(view).toBe("report");
  expect(askedOf(params)).toEqual({ sources: ["s3://bucket/a b", "/logs"], options });
  expect([params.get("from"), params.get("tab")]).toEqual(["60", "json"]);
});

test("an investigation is of the window, else of what was read", () => {
  const asked = { sources: ["/logs"], options: { where: "port = 443", since: "3d" } };
  const params = (to: string) => readHash(to).params.toString();
  expect(params(investigateHref(asked))).toBe("source=%2Flogs&where=port+%3D+443&since=3d");
  expect(params(investigateHref(asked, { from: 60, until: 120 }))).toBe(
    "source=%2Flogs&where=port+%3D+443&since=60&until=120",
  );
});

test.each([
  ["60", "120", { from: 60, until: 120 }],
  ["120", "60", undefined],
  ["x", "60", undefined],
  [null, null, undefined],
  ["60", null, undefined],
])("a window from %s until %s", (from, until, range) => {
  expect(rangeOf(from, until)).toEqual(range);
});
