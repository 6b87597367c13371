/** Bytes, money and times in words. */
import { expect, test } from "vitest";
import { bytes, exactBytes, percent } from "./bytes.ts";
import { exactMoney, money, price } from "./money.ts";
import { bare, duration, fromField, onAxis, span, time } from "./time.ts";

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1000, "0.98 KB"],
  [3_489_660_928, "3.25 GB"],
  [1_073_741_824, "1.00 GB"],
  [107_374_182_400, "100 GB"],
  ["36893488147419103232", "32.0 EB"],
  [null, "unknown"],
])("%s bytes are %s", (count, words) => {
  expect(bytes(count)).toBe(words);
});

test("bytes beyond 2^53 keep every digit", () => {
  expect(exactBytes("36893488147419103233")).toBe("36,893,488,147,419,103,233 bytes");
});

test.each([
  [11.6034375, "$11.60"],
  [0, "$0"],
  [0.4955273438, "$0.50"],
  [0.0045, "$0.0045"],
  [4.4e-7, "$0.00000044"],
  [2.1e-8, "$0.000000021"],
  [1e-12, "$< 0.0000000001"],
  [1234.5, "$1,234.50"],
  [-1.5, "−$1.50"],
  [null, "unknown"],
])("%s is %s", (amount, words) => {
  expect(money(amount)).toBe(words);
});

test("what is more than nothing never reads as nothing", () => {
  for (let amount = 1e-14; amount < 10; amount *= 1.7) {
    expect(money(amount)).toMatch(/[1-9]/);
  }
});

test("prices and exact amounts keep their digits", () => {
  expect(price(0.045)).toBe("$0.045");
  expect(exactMoney(0.4955273438)).toBe("0.4955273438 USD");
  expect(exactMoney(10)).toBe("10 USD");
});

test.each([
  [0, "0 %"],
  [0.0001, "< 0.1 %"],
  [0.2954, "29.5 %"],
  [1, "100 %"],
  [null, "unknown"],
])("%s is %s", (share, words) => {
  expect(percent(share)).toBe(words);
});

test.each([
  [0, "0 s"],
  [40, "40 s"],
  [300, "5 min"],
  [5400, "1 h 30 min"],
  [90_061, "1 d 1 h"],
])("%s seconds are %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test("times are UTC unless asked for otherwise, and fields give them back", () => {
  expect(time(1_700_000_000, false)).toBe("2023-11-14 22:13:20 UTC");
  expect(span(1_800_000_000, 1_800_000_120, false)).toBe("2027-01-15 08:00 to 08:02 UTC");
  expect(fromField(bare(1_700_000_000, true), true)).toBe(1_700_000_000);
});

test.each([
  ["2023-11-14 22:13:20", 1_700_000_000],
  ["2023-11-14T22:13", 1_699_999_980],
  [" 2023-11-14 ", 1_699_920_000],
  ["2023-11-14T22:13:20Z", 1_700_000_000],
  ["2023-13-14 22:13", undefined],
  ["22:13", undefined],
  ["1700000000", undefined],
  ["", undefined],
])("a field with %j holds %s", (text, seconds) => {
  expect(fromField(text, false)).toBe(seconds);
});

test.each([
  [1_800_000_060, 60, "08:01"],
  [1_800_000_030, 30, "08:00:30"],
  [1_799_971_200, 3600, "01-15"],
  [1_800_057_600, 86_400, "01-16"],
])("%d on an axis of %d s is %s", (seconds, step, label) => {
  expect(onAxis(seconds, step, false)).toBe(label);
});
