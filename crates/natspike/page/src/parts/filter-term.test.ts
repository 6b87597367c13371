/** Terms that are added to filters. */
import { expect, test } from "vitest";
import { andFilter, joinsByOr, notFilter, quoted } from "./filter-term.ts";

test.each([
  ["", "port = 443", "port = 443"],
  [" all ", "port = 443", "port = 443"],
  ["src is public", "port = 443", "src is public and port = 443"],
  ["src is public and port = 443", "port = 443", "src is public and port = 443"],
  ["port = 443", "port = 443", "port = 443"],
  ["a = 1 or b = 2", "port = 443", "(a = 1 or b = 2) and port = 443"],
  ["(a = 1 or b = 2)", "port = 443", "(a = 1 or b = 2) and port = 443"],
  ["a = 1 || b = 2", "c = 3 OR d = 4", "(a = 1 || b = 2) and (c = 3 OR d = 4)"],
  ['service = "a or b"', "port = 443", 'service = "a or b" and port = 443'],
  ["not (a = 1 or b = 2)", "port = 22", "not (a = 1 or b = 2) and port = 22"],
  ["dstport in 22, 80", "src is public", "dstport in 22, 80 and src is public"],
])("%s and %s", (text, term, all) => {
  expect(andFilter(text, term)).toBe(all);
});

test.each([
  ["ip = 10.0.1.5", "ip != 10.0.1.5"],
  ['service = "a b"', 'service != "a b"'],
  ["src is public", "not src is public"],
  ["port = 443 and protocol = 6", "not (port = 443 and protocol = 6)"],
  ["a = 1 or b = 2", "not (a = 1 or b = 2)"],
  ["not a = 1", "not (not a = 1)"],
  ["(a = 1 or b = 2)", "not (a = 1 or b = 2)"],
])("not %s", (term, contrary) => {
  expect(notFilter(term)).toBe(contrary);
});

test.each([
  ["S3", "S3"],
  ["my service", '"my service"'],
  ['a"b', '"a""b"'],
  ["or", '"or"'],
  ["web-*", '"web-*"'],
  ["@subject", '"@subject"'],
])("%s is written %s", (value, written) => {
  expect(quoted(value)).toBe(written);
});

test("an or inside of a word is none", () => {
  expect(joinsByOr("instance-id = for-or")).toBe(false);
});
