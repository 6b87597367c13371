/** What the address asks is what is sent, and no more. */
import { expect, it } from "vitest";
import { askedOf, missing, queryOf } from "./asked.ts";

it("sends everything that the address says", () => {
  const params = new URLSearchParams(
    "source=a.log&source=upload:u1&analysis=rejected&analysis=port-specific&port=443&limit=0" +
      "&by=packets&sensitive_ports=true&instance_id=i-0123456789abcdef0&instance_ip=10.0.1.5" +
      "&vpc_cidr=10.0.0.0/16&cidr_list=u2&t.tries=50&t.scan_ports=x&where=port+%3D+443&since=2h" +
      "&profile=prod&region=eu-west-1&job=j1",
  );
  expect(askedOf(params)).toEqual({
    sources: ["a.log", "upload:u1"],
    report: null,
    options: {
      where: "port = 443",
      since: "2h",
      profile: "prod",
      region: ["eu-west-1"],
      analysis: ["rejected", "port-specific"],
      instance_id: ["i-0123456789abcdef0"],
      instance_ip: ["10.0.1.5"],
      vpc_cidr: ["10.0.0.0/16"],
      cidr_lists: ["u2"],
      by: "packets",
      limit: 0,
      port: 443,
      sensitive_ports: true,
      thresholds: { tries: 50 },
    },
  });
});

it("sends no option that is not given", () => {
  expect(askedOf(new URLSearchParams("source=a.log&by=money&port=ssh&limit="))).toEqual({
    sources: ["a.log"],
    report: null,
    options: {},
  });
});

it.each([
  ["", false],
  ["source=a", true],
  ["instance_id=i-01234567", true],
  ["report=r1", false],
  ["source=a&analysis=port-specific", false],
  ["source=a&analysis=port-specific&port=22", true],
])("can run %s: %s", (text, canRun) => {
  expect(missing(askedOf(new URLSearchParams(text)), ["port-specific"]) === null).toBe(canRun);
});

it.each([
  ["/api/v1/queries/1bg0q8v3", "1bg0q8v3"],
  ["/api/v1/queries/a%20b?x", null],
  ["/api/v1/reports/ab12", null],
  [null, null],
])("the query of %s is %s", (result, expected) => {
  expect(queryOf(result)).toBe(expected);
});
