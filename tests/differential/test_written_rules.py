"""Rules that natspike writes as queries, against what it finds itself.

Records lie near every threshold, as an interface of its own or a NAT gateway records
them. What runs the queries is that of test_written_queries.
"""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from test_written_queries import (
    FORMATS,
    PRIVATE,
    START,
    Record,
    ask_insights,
    ask_sql,
    is_in,
    natspike,
    recording,
)

DIRECT = (
    "version srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
OWN = ["--nat-address", "10.0.0.220"]
LEARNING = 700


def exchange(at: int, ends: tuple[str, str], ports: tuple[int, int], **more: int) -> list[Record]:
    """What inside sends and gets, as an interface of its own records it."""
    (src, dst), (near, far) = ends, ports
    up, down = more.get("up", 400), more.get("down", 400)
    sides = [(src, dst, near, far, up, "2"), (dst, src, far, near, down, "18")]
    return [
        {
            "version": "2",
            "srcaddr": one,
            "dstaddr": other,
            "srcport": str(port),
            "dstport": str(other_port),
            "protocol": "6",
            "packets": "4",
            "bytes": str(size),
            "start": str(START + at),
            "end": str(START + at + 59),
            "action": "REJECT" if more.get("reject") else "ACCEPT",
            "log-status": "OK",
            "tcp-flags": flags,
        }
        for one, other, port, other_port, size, flags in sides
        if size
    ]


def uploads(dice: random.Random) -> list[Record]:
    """Uploads near every threshold of exfiltration."""
    least = 100_000_000
    records = exchange(0, ("10.0.1.5", "203.0.113.1"), (50_000, 443))
    records += exchange(7_000, ("10.0.1.5", "203.0.113.1"), (50_000, 443))
    for last in range(2, 40):
        begin = dice.choice([LEARNING - 1, LEARNING, LEARNING + 1, 3_000, 5_000])
        up = dice.choice([least - 1, least, 3 * least])
        down = dice.choice([0, 1, up // 10, up // 10 + 1, up])
        sources = dice.sample(["10.0.1.5", "10.0.1.6", "100.64.7.8"], dice.randrange(1, 4))
        less = range(2, 1 + len(sources))
        shares = [up - sum(less), *less]
        remote = f"203.0.113.{last}" if last % 3 else f"2001:db8::{last}"
        for source, share in zip(sources, shares, strict=True):
            at = begin + dice.randrange(500) * (source != sources[0])
            records += exchange(at, (source, remote), (50_000, 443), up=share, down=0)
        records += exchange(begin + 60, (remote, sources[0]), (443, 50_000), up=down, down=0)
        if not last % 5:
            at = dice.choice([5, 6_000])
            records += exchange(at, (sources[0], remote), (50_000, 80), reject=1)
    return records


def calls(dice: random.Random) -> list[Record]:
    """Connections near every threshold of beaconing, some of them of several records."""
    records = []
    for last in range(40):
        every, count = dice.choice([9, 10, 60, 901, 1_800]), dice.choice([2, 9, 10, 11, 30])
        spread = every * dice.choice([0, 0, 5, 17, 18, 40]) // 100
        ends = dice.choice(["10.0.1.5", "fd00::5"]), f"198.51.100.{last}"
        is_one = dice.random() < 0.2
        for number in range(count):
            at = number * every + dice.randrange(-spread, spread + 1) + 100
            near = 40_000 if is_one else 40_000 + number
            is_reject = int(dice.random() < 0.1)
            records += exchange(at, ends, (near, 443), reject=is_reject)
            for later in range(dice.choice([0, 0, 0, 1, 3])):
                records += exchange(at + 600 * (later + 1), ends, (near, 443))
            if dice.random() < 0.2:
                records += exchange(at, ends, (near + 1_000, 443))
    for every in (899, 900, 901):
        ends = "10.0.1.5", f"192.0.2.{every - 800}"
        for number in range(12):
            records += exchange(every * number, ends, (40_000, 443))
    # Every other interval is so much longer than the next one.
    for longer in (54, 57, 60, 63, 66):
        for number in range(11):
            at = 1_000 + 600 * number + number % 2 * longer
            records += exchange(at, ("10.0.1.5", f"192.0.2.{longer}"), (40_000 + number, 443))
    # Somebody else calls regularly, and is answered.
    for number in range(20):
        records += exchange(60 * number, ("192.0.2.200", "10.0.1.6"), (50_000, 1_000 + number))
    return records


def at_gateway(records: list[Record]) -> list[Record]:
    """The same, as a NAT gateway records it: each by two legs."""
    gateway, outer = "10.0.0.220", dict.fromkeys(FORMATS["natspike"].split(), "-")
    seen = []
    for one in records:
        is_upload = is_in(one["srcaddr"], PRIVATE)
        ends = {"pkt-srcaddr": one["srcaddr"], "pkt-dstaddr": one["dstaddr"]}
        known = outer | one | ends | {"version": "9", "interface-id": "eni-0a1b"}
        near, far = ("dstaddr", "srcaddr") if is_upload else ("srcaddr", "dstaddr")
        ways = ["ingress", "egress"] if is_upload else ["egress", "ingress"]
        seen.append(known | {near: gateway, "flow-direction": ways[0]})
        seen.append(known | {far: gateway, f"pkt-{far}": gateway, "flow-direction": ways[1]})
    return seen


def as_recorded(records: list[Record], name: str) -> tuple[str, list[Record], list[str]]:
    """A log format, the records in it, and how queries are told of it."""
    if name in ("a gateway", "a gateway's address"):
        seen = at_gateway([one | {"action": "ACCEPT"} for one in records])
        return FORMATS["natspike"], seen, OWN if name == "a gateway's address" else []
    header = DIRECT + " tcp-flags" * (name == "flags")
    return header, records, ["--format", header]


def investigated(
    analysis: str, header: str, records: list[Record], options: list[str]
) -> list[dict[str, Any]]:
    """The rows of the table that natspike makes of them, by column, and their sums."""
    text = "\n".join([header, *lines_of(header, records)])
    asked = [analysis, "-", "--limit", "0", "--output", "json", "--no-history", *options]
    (table,) = json.loads(natspike("investigate", *asked, text=text))["tables"]
    names = [column["name"] for column in table["columns"]]
    return [dict(zip(names, row["cells"], strict=True)) | row["sums"] for row in table["rows"]]


def lines_of(header: str, records: list[Record]) -> list[str]:
    return [" ".join(one[field] for field in header.split()) for one in records]


RECORDED = ["a gateway", "a gateway's address", "flags", "no flags"]


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("seed", range(5))
def test_exfiltration_finds_the_same_ends(name: str, seed: int) -> None:
    header, records, options = as_recorded(uploads(random.Random(seed)), name)
    own = OWN if "pkt-srcaddr" in header else []
    for learning in ([], ["--learning", "600"]):
        rows = investigated("exfiltration", header, records, [*own, *learning])
        columns = ["destination", "source", "sources", "upload", "download", "first", "last"]
        expected = [tuple(row[column] for column in columns) for row in rows]
        assert len(expected) > 2
        asked = ["queries", "exfiltration", "--limit", "0", *options, *learning]
        sql = natspike(*asked, "--language", "athena")
        found = [tuple(row.values()) for row in ask_sql(sql, records, header.split())]
        assert [row[3] for row in found] == [row[3] for row in expected]
        assert sorted(found) == sorted(expected)
        # Logs Insights is told when they begin, and does not tell who sent.
        assert {int(one["start"]) - START for one in records} >= {0, LEARNING * 10}
        times = ["--since", str(START), "--until", str(START + LEARNING * 10)]
        rows = ask_insights(natspike(*asked, *times), lines_of(header, records))
        told = [(row.pop("destination"), *map(int, row.values())) for row in rows]
        assert sorted(told) == sorted((row[0], *row[3:]) for row in expected)


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("seed", range(5))
def test_beaconing_finds_the_same_ends(name: str, seed: int) -> None:
    header, records, options = as_recorded(calls(random.Random(seed)), name)
    own = OWN if "pkt-srcaddr" in header else []
    rows = investigated("beaconing", header, records, own)
    sums = {"bytes", "packets", "flows"}
    expected = [
        tuple(6 if cell == "TCP" else cell for key, cell in row.items() if key not in sums)
        for row in rows
    ]
    assert len(expected) > 2
    sql = natspike("queries", "beaconing", "--limit", "0", *options, "--language", "athena")
    found = [tuple(row.values()) for row in ask_sql(sql, records, header.split())]
    assert [row[4] for row in found] == [row[4] for row in expected]
    assert sorted(found) == sorted(expected)
    said = natspike("queries", "beaconing", *options)
    assert said.startswith("# beaconing: no query; ")


@pytest.mark.parametrize("options", [[], OWN])
def test_lists_of_prefixes_find_the_same_addresses(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "ours.csv").write_text(
        "ip_prefix,alpha2code,region,city,postal_code\n"
        "203.0.113.0/24,DE,DE-BE,Berlin,10115\n203.0.113.96/28,FR,,L'Isle,1\n"
    )
    (tmp_path / "theirs.txt").write_text("192.0.2.10 one of them\n192.0.0.0/8\n2001:db8::/32 six\n")
    lists = [part for name in ("ours.csv", "theirs.txt") for part in ("--cidrs", tmp_path / name)]
    lists = [str(part) for part in lists]
    header = FORMATS["natspike"]
    records = [one for one in recording(random.Random(11)) if "10.0.0.221" not in one.values()]
    records += records[:50]
    rows = investigated("cidr-connections", header, records, [*OWN, *lists])
    expected = [tuple("-" if cell is None else cell for cell in row.values()) for row in rows]
    assert {row[2] for row in expected} == {"203.0.113.0/24", "203.0.113.96/28", "192.0.2.10/32"}
    asked = ["queries", "cidr-connections", "--limit", "0", *lists, *options]
    sql = natspike(*asked, "--language", "athena")
    found = [tuple(row.values()) for row in ask_sql(sql, records, header.split())]
    assert sorted(found) == sorted(expected)
    assert [row[7] for row in found] == [row[7] for row in expected]
    rows = ask_insights(natspike(*asked), lines_of(header, records))
    told = [(row.pop("address"), row.pop("action"), *map(int, row.values())) for row in rows]
    assert sorted(told) == sorted((row[1], row[6], *row[7:]) for row in expected)
    said = natspike("queries", "cidr-connections")
    assert said.startswith("# cidr-connections: no query; AWS's own list")
