/** Addresses that are read and written. */
import { expect, test } from "vitest";
import { changed, href, readHash } from "./location.ts";

test.each([
  ["", "", "", ""],
  ["#/", "", "", ""],
  ["#/report?source=a&source=b", "report", "", "source=a&source=b"],
  ["#/query/1bg0q8v3", "query", "1bg0q8v3", ""],
  ["#/query/a%2Fb?tab=x", "query", "a/b", "tab=x"],
  ["#/query/%", "query", "%", ""],
])("%s", (hash, view, rest, params) => {
  const place = readHash(hash);
  expect([place.view, place.rest, place.params.toString()]).toEqual([view, rest, params]);
});

test("changes leave the other keys alone", () => {
  const before = new URLSearchParams("source=a&source=b&tab=x");
  const after = changed(before, { tab: null, from: 60, source: ["c", "d"] });
  expect(after.toString()).toBe("from=60&source=c&source=d");
  expect(before.toString()).toBe("source=a&source=b&tab=x");
});

test("an address holds what it was given", () => {
  const to = href("report", { source: ["s3://b/p", "x y"], where: "port = 443", none: null });
  const place = readHash(to);
  expect(place.params.getAll("source")).toEqual(["s3://b/p", "x y"]);
  expect(place.params.get("where")).toBe("port = 443");
  expect(place.params.has("none")).toBe(false);
});
