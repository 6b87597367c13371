/** Fields say what is no address, network, port or source. */
import { describe, expect, it } from "vitest";
import {
  addressTrouble,
  cidrTrouble,
  instanceTrouble,
  networkTrouble,
  portTrouble,
  rateTrouble,
  wholeTrouble,
} from "./checks.ts";
import { fitting } from "./choices.ts";
import { kindOf, listOf, sourceTrouble } from "./sources.ts";

describe("forms", () => {
  it.each([
    [
      addressTrouble,
      ["10.0.1.5", "2001:db8::1", "::", "fe80:0:0:0:0:0:0:1"],
      ["10.0.1", "10.0.1.256", "10.0.0.0/8", "1:2:3", "x", "1::2::3"],
    ],
    [
      networkTrouble,
      ["10.0.0.0/8", "10.0.1.5", "2001:db8::/32"],
      ["10.0.0.0/33", "10.0.0.0/8/9", "/8", "2001:db8::/129"],
    ],
    [cidrTrouble, ["10.0.0.0/16", "10.120.", "2001:db8::/32"], ["10.0.1.5", "10.120"]],
    [instanceTrouble, ["i-0123456789abcdef0", "i-01234567"], ["0123456789abcdef0", "i-xyz", "i-"]],
    [portTrouble, ["0", "443", "65535"], ["65536", "-1", "ssh", "4.5"]],
    [wholeTrouble, ["0", "1000"], ["1.5", "-1", "1e3", "10,000"]],
    [rateTrouble, ["0.045", "1"], ["$1", ".5", "1e-3"]],
  ])("%o", (trouble, good, bad) => {
    expect(good.filter((text) => trouble(text) !== null)).toEqual([]);
    expect(bad.filter((text) => trouble(text) === null)).toEqual([]);
  });
});

describe("sources", () => {
  it.each([
    ["s3://my-bucket/AWSLogs/", "s3", true],
    ["s3://my-bucket", "s3", true],
    ["s3://My_Bucket/x", "s3", false],
    ["logs:///vpc/flow-logs", "logs", true],
    ["logs://group name", "logs", false],
    ["recording:nat-0123456789abcdef0-1800000000", "recording", true],
    ["upload:ab12", "upload", true],
    ["/var/log/flows", "path", true],
    ["ftp://host/file", "path", false],
    ["", "path", false],
  ])("%s is of kind %s and can be one: %s", (source, kind, isGood) => {
    expect(kindOf(source)).toBe(kind);
    expect(sourceTrouble(source) === null).toBe(isGood);
  });

  it("takes several values of one text", () => {
    expect(listOf(" 10.0.0.1, 10.0.0.2;10.0.0.3\n10.0.0.4 ")).toEqual([
      "10.0.0.1",
      "10.0.0.2",
      "10.0.0.3",
      "10.0.0.4",
    ]);
  });
});

describe("choices", () => {
  const regions = [
    { value: "us-east-1", about: "US East (N. Virginia)" },
    { value: "eu-west-1", about: "Europe (Ireland)" },
    { value: "eu-central-1", about: "Europe (Frankfurt)" },
  ];

  it.each([
    ["", ["us-east-1", "eu-west-1", "eu-central-1"]],
    ["frank", ["eu-central-1"]],
    ["EU", ["eu-west-1", "eu-central-1"]],
    ["europe west", ["eu-west-1"]],
    ["mars", []],
  ])("%s finds %o", (text, expected) => {
    expect(fitting(regions, text).map((choice) => choice.value)).toEqual(expected);
  });

  it("has first what begins with the text", () => {
    const choices = [{ value: "b-east" }, { value: "east-b" }];
    expect(fitting(choices, "east").map((choice) => choice.value)).toEqual(["east-b", "b-east"]);
  });
});
