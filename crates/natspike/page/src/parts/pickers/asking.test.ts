/** Sources and options go into the address and come out of it the same. */
import { expect, it } from "vitest";
import { changed } from "../../state/location.ts";
import { joined, optionsOf, paramsOf, sourcesOf } from "./asking.ts";

it("takes back what it wrote", () => {
  const sources = ["/logs/a b.log", "s3://my-bucket/p?x=1&y=2"];
  const options = {
    where: "port = 443 and src-service = 'a&b'",
    region: ["eu-west-1", "us-east-1"],
    nat_address: ["10.0.0.220"],
    format: `${"$"}{srcaddr} ${"$"}{dstaddr}`,
    since: "2h",
    profile: "prod",
  };
  const written = changed(new URLSearchParams(), paramsOf(sources, options)).toString();
  const params = new URLSearchParams(written);
  expect(sourcesOf(params)).toEqual(sources);
  expect(optionsOf(params)).toEqual(options);
});

it("leaves out what is empty", () => {
  expect(optionsOf(new URLSearchParams("where=&since=%20&region=&x=1"))).toEqual({});
});

it("adds a filter to the one of the report", () => {
  const open = { where: "port = 443 or port = 80", region: ["eu-west-1"], since: "2h" };
  expect(joined(open, { where: "src = 10.0.1.5", since: "1h" })).toEqual({
    where: "(port = 443 or port = 80) and src = 10.0.1.5",
    region: ["eu-west-1"],
    since: "1h",
  });
  expect(joined({}, {}).where).toBeUndefined();
});
