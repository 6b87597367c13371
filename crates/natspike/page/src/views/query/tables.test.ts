/** Rows are sorted, searched, written as CSV and made into filters as they are. */
import { describe, expect, it } from "vitest";
import type { Cell, FoundRow, FoundTable, Investigation } from "../../api/types.ts";
import { askAgain, asReport } from "./again.ts";
import { csvOf, harmless } from "./csv.ts";
import { addressNumber, isRanked, mostOf, searched, sorted, thousandths } from "./rows.ts";
import { chosen, nameOf, showing, shownOf, valuesOf } from "./shown.ts";
import { narrowed, termOf, termsOf } from "./terms.ts";

const KINDS: Record<string, FoundTable["columns"][number]["kind"]> = {
  source: "address",
  destination: "address",
  address: "address",
  destination_port: "number",
  source_port: "number",
  protocol: "number",
  ports: "number",
  first: "time",
  period_start: "time",
  interval: "seconds",
  upload: "bytes",
};

function table(analysis: string, columns: string[], rows: Cell[][], view: string | null = null) {
  const made: FoundTable = {
    analysis,
    view,
    title: analysis,
    about: "",
    columns: columns.map((name) => ({ name, kind: KINDS[name] ?? "text" })),
    rows: rows.map((cells, at) => row(cells, (rows.length - at) * 100)),
    rest: null,
    total: { bytes: 0, packets: 0, flows: 0 },
  };
  return made;
}

function row(cells: Cell[], bytes: number | string, organization?: string): FoundRow {
  return {
    cells,
    sums: { bytes, packets: 1, flows: 1 },
    ...(organization ? { organization } : {}),
  };
}

describe("the terms of a row", () => {
  it.each<[string, string[], Cell[], string]>([
    [
      "top-external",
      ["source", "destination", "destination_port", "action"],
      ["10.0.1.5", "203.0.113.5", 443, "ACCEPT"],
      "src = 10.0.1.5 and dst = 203.0.113.5 and dstport = 443 and action = ACCEPT",
    ],
    [
      "sensitive-ports",
      ["destination", "source_port", "action", "service"],
      ["192.0.2.1", 22, "ACCEPT", "SSH"],
      "dst = 192.0.2.1 and srcport = 22 and action = ACCEPT",
    ],
    ["traffic-summary", ["protocol", "action"], [6, "REJECT"], "protocol = 6 and action = REJECT"],
    [
      "rejected",
      ["source", "destination", "destination_port", "protocol"],
      ["192.0.2.9", "10.0.1.5", 3389, 6],
      "src = 192.0.2.9 and dst = 10.0.1.5 and dstport = 3389 and protocol = 6 and action = REJECT",
    ],
    [
      "external-inbound",
      ["source", "action", "aws_service"],
      ["192.0.2.9", "ACCEPT", "S3"],
      "src = 192.0.2.9 and action = ACCEPT and src-service = S3",
    ],
    [
      "external-inbound",
      ["source", "action", "aws_service"],
      ["192.0.2.9", "ACCEPT", null],
      "src = 192.0.2.9 and action = ACCEPT",
    ],
    [
      "external-outbound",
      ["destination", "action", "aws_service"],
      ["192.0.2.9", "ACCEPT", "S3"],
      "dst = 192.0.2.9 and action = ACCEPT and dst-service = S3",
    ],
    [
      "reject-storms",
      ["destination", "ports", "first"],
      ["10.0.1.5", 130, 1_800_000_000],
      "dst = 10.0.1.5 and action = REJECT",
    ],
    [
      "first-seen",
      ["destination", "first", "source", "destination_port"],
      ["192.0.2.9", 1, "10.0.1.5", 443],
      "ip = 192.0.2.9",
    ],
    [
      "exfiltration",
      ["destination", "source", "upload"],
      ["2001:db8::9", "10.0.1.5", 5],
      "ip = 2001:db8::9",
    ],
    ["top-talkers", ["address", "period_start"], ["10.0.1.5", 1_800_000_000], "ip = 10.0.1.5"],
    [
      "cidr-connections",
      ["list", "address", "city", "action"],
      ["x", "192.0.2.9", "Bonn", "ACCEPT"],
      "ip = 192.0.2.9 and action = ACCEPT",
    ],
    ["port-scan", ["source", "ports"], [null, 30], ""],
  ])("of %s by %o", (analysis, columns, cells, expected) => {
    const made = table(analysis, columns, [cells]);
    expect(made.rows.map((one) => termsOf(made, one).join(" and "))).toEqual([expected]);
  });

  it("quotes a text that is no word of the language", () => {
    const made = table("external-summary", ["action"], [['A" or all']]);
    expect(made.rows.map((one) => termOf(made, 0, one))).toEqual(['action = "A"" or all"']);
  });

  it("stand beside the filter that is there", () => {
    expect(narrowed(null, ["src = 10.0.1.5", "dstport = 22"])).toBe(
      "src = 10.0.1.5 and dstport = 22",
    );
    expect(narrowed("port = 1 or port = 2", ["ip = 10.0.1.5"])).toBe(
      "(port = 1 or port = 2) and ip = 10.0.1.5",
    );
    expect(narrowed("all", [])).toBe("all");
  });
});

describe("CSV of a table", () => {
  it("quotes, leaves unknown empty and has no formula", () => {
    const made = table("x", ["source", "name", "first", "ports"], []);
    const rows = [
      row(["10.0.1.5", 'a "b", c', 1_800_000_000, 5], "18446744073709551616", "=HYPERLINK(1)"),
      row([null, "+1\nx", null, null], 0),
    ];
    const [second] = rows.slice(1);
    if (second) {
      second.sums = { bytes: 7, packets: 0, flows: 2 };
    }
    expect(csvOf(made, rows)).toBe(
      [
        "source,name,first,ports,bytes,packets,flows,organization",
        '10.0.1.5,"a ""b"", c",2027-01-15T08:00:00Z,5,18446744073709551616,1,1,\'=HYPERLINK(1)',
        ",'+1 x,,,7,,2,",
        "",
      ].join("\r\n"),
    );
  });

  // The same table as of the server's own CSV.
  it.each([
    ["Example Inc", "Example Inc"],
    ['=HYPERLINK("x")', '\'=HYPERLINK("x")'],
    ["\t=1+1", "' =1+1"],
    ["\r\n+1", "'  +1"],
    ["-1", "'-1"],
    ["-", "-"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["＝1", "'＝1"],
    ["2001:db8::1", "2001:db8::1"],
    ["", ""],
  ])("%j is written %j", (text, expected) => {
    expect(harmless(text)).toBe(expected);
  });
});

describe("the order of rows", () => {
  const made = table(
    "x",
    ["source", "destination_port", "name"],
    [
      ["10.0.10.5", 443, "b"],
      ["10.0.9.5", 22, null],
      ["2001:db8::1", null, "a10"],
      ["9.0.0.1", 8080, "a9"],
    ],
  );
  const first = (order: Parameters<typeof sorted>[2]) =>
    sorted(made, made.rows, order).map((one) => one.cells[0]);

  it("is the ranking, or by a column with unknown last", () => {
    expect(first({ key: "ranking", descending: true })).toEqual([
      "10.0.10.5",
      "10.0.9.5",
      "2001:db8::1",
      "9.0.0.1",
    ]);
    expect(first({ key: { column: 0 }, descending: false })).toEqual([
      "9.0.0.1",
      "10.0.9.5",
      "10.0.10.5",
      "2001:db8::1",
    ]);
    expect(first({ key: { column: 1 }, descending: true })).toEqual([
      "9.0.0.1",
      "10.0.10.5",
      "10.0.9.5",
      "2001:db8::1",
    ]);
    expect(first({ key: { column: 1 }, descending: false })).toEqual([
      "10.0.9.5",
      "10.0.10.5",
      "9.0.0.1",
      "2001:db8::1",
    ]);
    expect(first({ key: { column: 2 }, descending: false })).toEqual([
      "9.0.0.1",
      "2001:db8::1",
      "10.0.10.5",
      "10.0.9.5",
    ]);
  });

  it("compares integers beyond 2^53 as integers", () => {
    const rows = [
      row(["a"], "18446744073709551616"),
      row(["b"], 9),
      row(["c"], "18446744073709551617"),
    ];
    const by = sorted(made, rows, { key: { sum: "bytes" }, descending: true });
    expect(by.map((one) => one.cells[0])).toEqual(["c", "a", "b"]);
    expect(mostOf(rows, "bytes")).toBe(18_446_744_073_709_551_617n);
    expect(thousandths("9223372036854775808", 18_446_744_073_709_551_616n)).toBe(500);
    expect(thousandths(5, 0n)).toBe(0);
    expect([isRanked(by, "bytes"), isRanked(rows, "bytes"), isRanked([], "bytes")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("reads addresses as numbers", () => {
    expect(addressNumber("0.0.1.0")).toBe(256n);
    expect(addressNumber("::1")).toBe((1n << 32n) + 1n);
    expect(addressNumber("2001:db8::1")).toBe(addressNumber("2001:0db8:0:0:0:0:0:1"));
    expect(addressNumber("other")).toBeNull();
  });

  it("finds rows by all words, also of the organization", () => {
    const rows = [row(["10.0.1.5"], 1, "Example Inc"), row(["10.0.1.6"], 1)];
    const find = (text: string) => searched(rows, text, (one) => one.cells.map(String)).length;
    expect(["", "10.0.1", "1.5 example", "1.6 example", "INC"].map(find)).toEqual([2, 2, 1, 0, 1]);
  });
});

describe("how a table is shown", () => {
  const made = table(
    "cidr-connections",
    ["list", "region"],
    [
      ["a", "x"],
      ["a", null],
      ["b", "x"],
    ],
    "v",
  );

  it("is read back from the address", () => {
    const name = nameOf(made);
    expect(name).toBe("cidr-connections.v");
    const address = new URLSearchParams(
      Object.entries({
        ...showing(made, { sort: "1:asc" }),
        ...showing(made, { search: "a b" }),
        ...showing(made, { facet: ["list", "a"], offset: 25 }),
      }).map(([key, value]) => [key, String(value)]),
    );
    expect(shownOf(made, address)).toEqual({
      order: { key: { column: 1 }, descending: false },
      sort: "1",
      search: "a b",
      offset: 25,
      facets: { list: "a" },
    });
  });

  it.each([
    "sort.cidr-connections.v=9:asc",
    "page.cidr-connections.v=-5",
    "page.cidr-connections.v=x",
    "",
  ])("is the ranking from its first row for %s", (text) => {
    expect(shownOf(made, new URLSearchParams(text))).toMatchObject({
      order: { key: "ranking", descending: true },
      offset: 0,
    });
  });

  it("counts the rows of each list", () => {
    expect(valuesOf(made, "list")).toEqual([
      { value: "a", rows: 2 },
      { value: "b", rows: 1 },
    ]);
    expect(chosen(made, made.rows, { list: "a", region: "x" })).toHaveLength(1);
    expect(valuesOf(made, "city")).toEqual([]);
  });
});

describe("the next question", () => {
  const found: Investigation = {
    schema: "natspike.investigation/1",
    question: {
      analysis: "ssh-inbound,rejected",
      sources: ["a.log"],
      subject: ["10.0.1.5"],
      inside: ["10.0.0.0/16"],
      filter: "port = 22",
      from: 1_800_000_000,
      until: null,
      by: "flows",
      limit: 5,
    },
    records: {},
    legs: "",
    warnings: [],
    tables: [table("ssh-inbound", [], []), table("rejected", [], [])],
  };

  it("keeps what was asked", () => {
    expect(askAgain(found, "port = 22 and src = 192.0.2.1")).toEqual({
      source: ["a.log"],
      where: "port = 22 and src = 192.0.2.1",
      since: 1_800_000_000,
      until: null,
      analysis: ["ssh-inbound", "rejected"],
      instance_ip: ["10.0.1.5"],
      vpc_cidr: ["10.0.0.0/16"],
      by: "flows",
      limit: 5,
    });
  });

  it("is a report of the same records", () => {
    expect(asReport(found, "port = 22")).toBe(
      "#/report?source=a.log&where=port+%3D+22&read-since=1800000000",
    );
  });
});
