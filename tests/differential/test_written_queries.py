"""Queries that natspike writes, against what it finds itself and against plain Python.

Filters and records are generated. A filter is made together with what it means, as a
function of a record's words. The real program writes it as Logs Insights query and as
SQL; the former is run by the local Logs Insights, the latter by SQLite with Trino's
functions, so what is proved of SQL is its logic and not that Athena takes it.
"""

import json
import math
import operator
import os
import random
import re
import sqlite3
import statistics
import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from localaws.insights_query import Query

REPOSITORY = Path(__file__).parents[2]
NATSPIKE = (
    REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target") / "debug" / "natspike"
).resolve()
START = 1_800_000_000

type Record = dict[str, str]
type Truth = Callable[[Record], bool]
type Sums = dict[tuple[str, ...], tuple[int, int, int]]

DEFAULT = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
    "start end action log-status"
)
FORMATS = {
    "natspike": "version interface-id resource-id srcaddr dstaddr srcport dstport protocol packets "
    "bytes start end action log-status pkt-srcaddr pkt-dstaddr pkt-src-aws-service "
    "pkt-dst-aws-service flow-direction traffic-path tcp-flags",
    "default": DEFAULT,
    "version 5": DEFAULT + " vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr "
    "region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service "
    "flow-direction traffic-path",
    "little": "dstaddr action bytes srcaddr dstport pkt-dstaddr protocol instance-tag log-status",
}
PRIVATE = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
]
ADDRESSES = [
    "10.0.1.5",
    "10.0.12.255",
    "10.1.0.7",
    "100.64.7.8",
    "172.32.0.1",
    "192.0.2.10",
    "203.0.113.5",
    "203.0.113.99",
    "2001:db8::5",
    "2001:db8:ffff::9",
    "fd00::7",
    "64:ff9b::c000:20a",
]
NETWORKS = [
    "10.0.0.0/16",
    "10.0.0.0/15",
    "203.0.113.0/24",
    "0.0.0.0/0",
    "::/0",
    "2001:db8::/32",
    "fd00::7",
    *ADDRESSES[:7],
]
PORTS = [0, 22, 53, 80, 443, 3389, 5000, 5001, 40000, 65535]
NUMBERS = {
    "srcport": PORTS,
    "dstport": PORTS,
    "protocol": [1, 6, 17, 58],
    "packets": [1, 7, 20],
    "bytes": [0, 40, 999, 1_000, 1_000_000, 1 << 40],
    "start": [START, START + 60],
    "end": [START + 59, START + 120],
    "tcp-flags": [0, 2, 3, 18, 19],
    "traffic-path": [1, 8],
    "version": [5],
}
TEXTS = {
    "interface-id": ["eni-0a1b", "eni-0a1c", "eni-1"],
    "resource-id": ["nat-0123"],
    "action": ["ACCEPT", "ACCEPT", "REJECT"],
    "pkt-src-aws-service": ["S3", "DYNAMODB", "EC2", "AMAZON"],
    "pkt-dst-aws-service": ["S3", "DYNAMODB", "EC2", "AMAZON"],
    "flow-direction": ["ingress", "egress"],
    "type": ["IPv4", "IPv6"],
    "instance-id": ["i-0a", "i-0b"],
    "az-id": ["euw1-az1", "euw1-az2", "euw1-az12"],
    "instance-tag": ["web-1", "web-12", "web_1", "it's%20a*b", "a\\b", 'say"x"', "ä/ö", "WEB-1"],
    "account-id": ["012345678901", "unknown"],
}
NEVER_MISSING = {"srcaddr", "dstaddr", "bytes", "action", "start", "end", "version"}


def natspike(*arguments: str, text: str = "") -> str:
    """What the program writes to standard output."""
    command = [str(NATSPIKE), *arguments]
    ran = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{arguments}: {ran.stderr}"
    return ran.stdout


def record(dice: random.Random, fields: list[str]) -> Record:
    """A record that has some of its fields; what it has not is a hyphen."""
    words: Record = {"log-status": dice.choices(["OK", "NODATA", "SKIPDATA"], [18, 1, 1])[0]}
    for field in fields:
        if field in words:
            continue
        values = [*NUMBERS.get(field, TEXTS.get(field, ADDRESSES if "addr" in field else ["x"]))]
        is_there = field in NEVER_MISSING or dice.random() < 0.8
        words[field] = str(dice.choice(values)) if is_there else "-"
    if words["log-status"] != "OK":
        kept = {"version", "account-id", "interface-id", "start", "end", "log-status"}
        words |= {field: "-" for field in fields if field not in kept}
    return words


def is_in(address: str | None, networks: Iterable[str]) -> bool:
    return address is not None and any(
        ip_address(address) in ip_network(network) for network in networks
    )


def word(record: Record, field: str) -> str | None:
    found = record.get(field, "-")
    return None if found == "-" else found


def ends(name: str) -> list[Callable[[Record], str | None]]:
    """The addresses that a name may mean."""

    def src(it: Record) -> str | None:
        return word(it, "pkt-srcaddr") or word(it, "srcaddr")

    def dst(it: Record) -> str | None:
        return word(it, "pkt-dstaddr") or word(it, "dstaddr")

    known = {"src": [src], "dst": [dst], "ip": [src, dst]}
    return known.get(name) or [lambda it: word(it, name)]


def address_test(dice: random.Random, _: list[str]) -> tuple[str, Truth]:
    name = dice.choice(["src", "dst", "ip", "srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"])
    of = ends(name)
    match dice.randrange(4):
        case 0:
            return f"{name} is private", lambda it: any(is_in(end(it), PRIVATE) for end in of)
        case 1:
            return f"{name} is public", lambda it: not any(is_in(end(it), PRIVATE) for end in of)
        case 2:
            one = dice.choice(ADDRESSES)
            return f"{name} != {one}", lambda it: not any(end(it) == one for end in of)
    networks = dice.sample(NETWORKS, dice.randrange(1, 6))
    return f"{name} in ({', '.join(networks)})", lambda it: any(
        is_in(end(it), networks) for end in of
    )


def names(known: dict[str, Any], more: str, there: list[str]) -> list[str]:
    """Names of fields, those that records have most of all."""
    return [*known, more, *(name for name in known if name in there for _ in range(4))]


def number_test(dice: random.Random, there: list[str]) -> tuple[str, Truth]:
    name = dice.choice(names(NUMBERS, "port", there))
    fields = ["srcport", "dstport"] if name == "port" else [name]
    values = NUMBERS[fields[0]]

    def numbers(it: Record) -> list[int]:
        return [int(found) for field in fields if (found := word(it, field)) is not None]

    one = dice.choice(values)
    match dice.randrange(6):
        case 0:
            return f"{name} < {one}", lambda it: any(number < one for number in numbers(it))
        case 1:
            return f"{name} >= {one}", lambda it: any(number >= one for number in numbers(it))
        case 2:
            return f"{name} = {one}", lambda it: one in numbers(it)
        case 3:
            return f"{name} is missing", lambda it: not numbers(it)
    ranges = [sorted(dice.choices(values, k=2)) for _ in range(dice.randrange(1, 4))]
    words = ", ".join(f"{least}-{most}" for least, most in ranges)
    return f"{name} in ({words})", lambda it: any(
        least <= number <= most for number in numbers(it) for least, most in ranges
    )


def text_test(dice: random.Random, there: list[str]) -> tuple[str, Truth]:
    name = dice.choice(names(TEXTS, "service", there))
    fields = ["pkt-src-aws-service", "pkt-dst-aws-service"] if name == "service" else [name]
    values = [*TEXTS[fields[0]]]

    def texts(it: Record) -> list[str]:
        return [found for field in fields if (found := word(it, field)) is not None]

    if dice.randrange(5) == 0:
        return f"{name} is missing", lambda it: not texts(it)
    is_closed = name in ("action", "flow-direction", "type")
    patterns = dice.sample(values, dice.randrange(1, len(values) + 1))
    if not is_closed:
        patterns += ["nobody"]
    if dice.randrange(2):
        one = dice.choice(patterns)
        cut = dice.randrange(len(one) + 1)
        patterns.append(
            dice.choice([f"{one[:cut]}*", f"*{one[cut:]}", "*", f"{one[:1]}*{one[-1:]}"])
        )
    expressions = [
        re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
        for pattern in patterns
    ]
    words = ", ".join('"' + pattern.replace('"', '""') + '"' for pattern in patterns)
    return f"{name} in ({words})", lambda it: any(
        expression.fullmatch(found) for expression in expressions for found in texts(it)
    )


def condition(dice: random.Random, depth: int, there: list[str]) -> tuple[str, Truth]:
    """A filter, and what it means."""
    kind = dice.randrange(8)
    if depth == 0 or kind < 3:
        return dice.choice([address_test, number_test, text_test])(dice, there)
    if kind < 5:
        text, truth = condition(dice, depth - 1, there)
        return f"not ({text})", lambda it: not truth(it)
    parts = [condition(dice, depth - 1, there) for _ in range(dice.randrange(2, 4))]
    join, of = dice.choice([("and", all), ("or", any)])
    text = f" {join} ".join(f"({text})" for text, _ in parts)
    return text, lambda it: of(truth(it) for _, truth in parts)


def added_up(records: list[Record], keys: list[str]) -> Sums:
    sums: dict[tuple[str, ...], list[int]] = {}
    for one in records:
        found = sums.setdefault(tuple(one.get(key, "-") for key in keys), [0, 0, 0])
        for place, field in enumerate(("bytes", "packets")):
            found[place] += int(word(one, field) or 0)
        found[2] += 1
    return {key: (total, packets, flows) for key, (total, packets, flows) in sums.items()}


def answer(rows: Iterable[dict[str, object]], keys: list[str]) -> Sums:
    """Rows of a service by their keys; what it does not say is a hyphen, or nothing."""
    sums: Sums = {}
    for row in rows:
        key = tuple("-" if row.get(key) is None else str(row[key]) for key in keys)
        assert key not in sums
        totals = (
            int(str(row.get(name) or 0)) for name in ("total_bytes", "total_packets", "flows")
        )
        sums[key] = tuple(totals)
    return sums


def ask_insights(query: str, lines: list[str]) -> list[dict[str, str]]:
    """The rows that the local Logs Insights finds."""
    assert len(query) <= 10_000
    return Query(query).run([{"@message": line} for line in lines])


class MaxBy:
    """Trino's `max_by`: the value where the other is largest."""

    def __init__(self) -> None:
        self.found: tuple[Any, int] | None = None

    def step(self, value: Any, by: int | None) -> None:
        if by is not None and (self.found is None or by > self.found[1]):
            self.found = value, by

    def finalize(self) -> Any:
        return self.found and self.found[0]


class Deviation:
    """Trino's `stddev_pop`, of the numbers that there are."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def step(self, number: int | None) -> None:
        if number is not None:
            self.numbers.append(number)

    def finalize(self) -> float | None:
        return statistics.pstdev(self.numbers) if self.numbers else None


def ask_sql(sql: str, records: list[Record], fields: list[str]) -> list[dict[str, object]]:
    """The rows that SQLite finds, in a table as AWS's example makes it."""

    def contains(network: str, address: str | None) -> bool | None:
        try:
            return None if address is None else ip_address(address) in ip_network(network)
        except ValueError:
            return None

    base = sqlite3.connect(":memory:")
    base.row_factory = sqlite3.Row
    base.create_function("contains", 2, contains, deterministic=True)
    base.create_function("greatest", 2, max, deterministic=True)
    base.create_function("bitwise_and", 2, operator.and_, deterministic=True)
    base.create_function("floor", 1, lambda it: None if it is None else math.floor(it))
    base.create_aggregate("max_by", 2, MaxBy)
    base.create_aggregate("stddev_pop", 1, Deviation)
    base.execute("PRAGMA case_sensitive_like = ON")
    columns = ", ".join(f'"{field.replace("-", "_")}"' for field in fields)
    base.execute(f"CREATE TABLE vpc_flow_logs ({columns})")
    places = ", ".join("?" for _ in fields)
    for number, one in enumerate(records):
        words = [value(one, field, number) for field in fields]
        base.execute(f"INSERT INTO vpc_flow_logs VALUES ({places})", words)
    portable = re.sub(r"try_cast\((\w+) AS ipaddress\)", r"\1", sql)
    return [dict(row) for row in base.execute(portable)]


def value(one: Record, field: str, number: int) -> str | int | None:
    """A column's value: no number is NULL, no text a hyphen in text files, else NULL."""
    found = word(one, field)
    if field in NUMBERS:
        return None if found is None else int(found)
    return "-" if found is None and number % 2 else found


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seed", range(25))
def test_a_filter_means_the_same_in_every_language(name: str, seed: int) -> None:
    dice = random.Random(f"{name} {seed}")
    fields = FORMATS[name].split()
    records = [record(dice, fields) for _ in range(150)]
    text, truth = condition(dice, 3, fields)
    written = ["--format", FORMATS[name], "--where", text, "--limit", "0", "--records", "all"]
    keys = ["protocol", "action"]
    expected = added_up([one for one in records if one["log-status"] == "OK" and truth(one)], keys)
    lines = [" ".join(one[field] for field in fields) for one in records]
    query = natspike("queries", "traffic-summary", *written)
    assert answer(ask_insights(query, lines), keys) == expected, text
    sql = natspike("queries", "traffic-summary", "--language", "athena", *written)
    assert answer(ask_sql(sql, records, fields), keys) == expected, text
    # In such records an address may well look like a gateway's, and then some do not count.
    counts = investigation(["--where", text], FORMATS[name], lines)["records"]
    assert counts["malformed"] == 0
    assert counts["parsed"] - counts["left_out"] == sum(it[2] for it in expected.values()), text


def investigation(arguments: list[str], header: str, lines: list[str]) -> dict[str, Any]:
    """What natspike says itself."""
    options = ["all", *arguments, "-", "--limit", "0", "--output", "json", "--no-history"]
    return json.loads(natspike("investigate", *options, text="\n".join([header, *lines])))


def found(arguments: list[str], header: str, lines: list[str]) -> dict[str, Sums]:
    """What natspike finds itself, by analysis and view."""
    said = investigation(arguments, header, lines)
    return {
        table["analysis"] + (f" ({table['view']})" if table["view"] else ""): {
            tuple(
                "-" if cell is None else str(cell)
                for cell, column in zip(row["cells"], table["columns"], strict=True)
                if column["name"] != "service"
            ): (row["sums"]["bytes"], row["sums"]["packets"], row["sums"]["flows"])
            for row in table["rows"]
        }
        for table in said["tables"]
        if table["analysis"] in DEFINED
    }


DEFINED = {
    "traffic-summary": ["protocol", "action"],
    "ssh-inbound": ["src", "action"],
    "ssh-response": ["dst", "action"],
    "ssh-outbound": ["dst", "action"],
    "external-inbound": ["src", "action", "pkt_src_aws_service"],
    "external-outbound": ["dst", "action", "pkt_dst_aws_service"],
    "external-summary": ["action"],
    "top-external": ["src", "dst", "dstport", "action"],
    "port-specific": ["src", "dst", "srcport", "dstport", "action"],
    "sensitive-ports (inbound)": ["src", "dstport", "action"],
    "sensitive-ports (outbound)": ["dst", "dstport", "action"],
    "sensitive-ports (reply)": ["dst", "srcport", "action"],
    "sensitive-ports": [],
    "rejected": ["src", "dst", "dstport", "protocol"],
}


def recording(dice: random.Random) -> list[Record]:
    """What a zonal gateway with two addresses records: each exchange by four legs."""
    own, second = "10.0.0.220", "10.0.0.221"
    records = []
    for _ in range(120):
        workload = dice.choice(["10.0.1.5", "10.0.1.6", "100.64.7.8"])
        remote, outer = dice.choice(ADDRESSES[5:8]), dice.choice([own, second])
        near, far = dice.choice([22, 40_000, 55_555]), dice.choice([22, 443, 3389])
        service = dice.choice(["-", "S3"])
        for src, dst, packet, direction, is_upload in (
            (workload, own, (workload, remote), "ingress", True),
            (own, remote, (outer, remote), "egress", True),
            (remote, own, (remote, outer), "ingress", False),
            (own, workload, (remote, workload), "egress", False),
        ):
            start = START + dice.randrange(120)
            records.append(
                dict.fromkeys(FORMATS["natspike"].split(), "-")
                | {
                    "version": "9",
                    "interface-id": "eni-0a1b2c3d4e5f60718",
                    "srcaddr": src,
                    "dstaddr": dst,
                    "srcport": str(near if is_upload else far),
                    "dstport": str(far if is_upload else near),
                    "protocol": "6",
                    "packets": "3",
                    "bytes": str(dice.randrange(40, 1 << 30)),
                    "start": str(start),
                    "end": str(start + 59),
                    "action": "ACCEPT",
                    "log-status": "OK",
                    "pkt-srcaddr": packet[0],
                    "pkt-dstaddr": packet[1],
                    "pkt-src-aws-service": "-" if is_upload else service,
                    "pkt-dst-aws-service": service if is_upload else "-",
                    "flow-direction": direction,
                    "tcp-flags": "3",
                }
            )
    # Nobody passes on what was rejected.
    for _ in range(10):
        reject = dict(dice.choice([it for it in records if it["dstaddr"] == own]))
        records.append(reject | {"action": "REJECT", "pkt-dstaddr": own, "dstport": "3389"})
    return records


@pytest.mark.parametrize("options", [[], ["--nat-address", "10.0.0.220,10.0.0.221"]])
def test_a_gateways_bytes_count_once_and_every_analysis_finds_the_same(options: list[str]) -> None:
    dice = random.Random(7)
    fields = FORMATS["natspike"].split()
    records = recording(dice)
    lines = [" ".join(one[field] for field in fields) for one in records]
    own = ["--nat-address", "10.0.0.220", "--nat-address", "10.0.0.221"]
    expected = found(["--port", "443", *own], FORMATS["natspike"], lines)
    assert expected.keys() == DEFINED.keys() - {"sensitive-ports"}
    inner = [
        it
        for it in records
        if it["action"] == "REJECT"
        or not {it["pkt-srcaddr"], it["pkt-dstaddr"]} & {"10.0.0.220", "10.0.0.221"}
    ]
    assert expected["traffic-summary"] == added_up(inner, ["protocol", "action"])
    assert all(expected.values())
    wanted = [*options, "--port", "443", "--limit", "0"]
    for name, query in texts(natspike("queries", *wanted), "# ").items():
        assert answer(ask_insights(query, lines), DEFINED[name]) == expected[name], name
    for name, sql in texts(natspike("queries", "--language", "athena", *wanted), "-- ").items():
        assert answer(ask_sql(sql, records, fields), DEFINED[name]) == expected[name], name


def texts(written: str, comment: str) -> dict[str, str]:
    """Queries by analysis and view."""
    queries = {
        query.removeprefix(comment).split(": ")[0]: query for query in written.strip().split("\n\n")
    }
    defined = DEFINED.keys() - {"sensitive-ports"}
    assert queries.keys() >= defined
    return {name: queries[name] for name in defined}


def strange() -> list[Record]:
    """What detectors look for, each once above its threshold and once below."""
    scanner, guesser, noisy, quiet = "10.0.1.5", "203.0.113.5", "203.0.113.99", "192.0.2.10"
    server = "10.0.1.6"
    tries = [
        *((0, scanner, "203.0.113.7", port, "2") for port in range(1, 22)),
        *((60, scanner, "203.0.113.7", port, "2") for port in range(1, 20)),
        *((0, "203.0.113.7", scanner, port, "18") for port in range(40_000, 40_050)),
        *((59, scanner, f"198.51.100.{last}", 445, "3") for last in range(50)),
        *((60, scanner, f"198.51.100.{last}", 446, "3") for last in range(49)),
        *((0, guesser, server, 22, "2") for _ in range(30)),
        *((60, guesser, server, 22, "2") for _ in range(29)),
        *((0, guesser, server, 443, "2") for _ in range(40)),
        *((120, noisy, server, 5432, "REJECT") for _ in range(100)),
        *((180, quiet, "10.0.1.7", 5432, "REJECT") for _ in range(99)),
    ]
    return [
        dict.fromkeys(FORMATS["natspike"].split(), "-")
        | {
            "version": "9",
            "interface-id": "eni-0a1b",
            "srcaddr": src,
            "dstaddr": dst,
            "srcport": "50000",
            "dstport": str(port),
            "protocol": "6",
            "packets": "1",
            "bytes": "40",
            "start": str(START + at),
            "end": str(START + at + 30),
            "action": "REJECT" if flags == "REJECT" else "ACCEPT",
            "log-status": "OK",
            "tcp-flags": "2" if flags == "REJECT" else flags,
        }
        for at, src, dst, port, flags in tries
    ]


@pytest.mark.parametrize(
    ("analysis", "expected"),
    [
        (
            "port-scan",
            [
                [("10.0.1.5", "203.0.113.7", 0, 21)],
                [("10.0.1.5", "445", 0, 50)],
            ],
        ),
        (
            "brute-force",
            [[("203.0.113.5", "10.0.1.6", "22", 0, 30)]],
        ),
        (
            "reject-storms",
            [[("203.0.113.99", 120, 100)], [("10.0.1.6", 120, 100)]],
        ),
    ],
)
def test_detectors_find_what_is_above_their_threshold(
    analysis: str, expected: list[list[tuple[str | int, ...]]]
) -> None:
    records, fields = strange(), FORMATS["natspike"].split()
    options = ["queries", analysis, "--records", "all"]
    events = [
        {
            "@message": " ".join(one[field] for field in fields),
            "@timestamp": f"{datetime.fromtimestamp(int(one['start']), UTC):%F %T}.000",
        }
        for one in records
    ]
    queries = natspike(*options).strip().split("\n\n")
    found = [Query(query).run([dict(event) for event in events]) for query in queries]
    assert [[strange_row(row) for row in rows] for rows in found] == expected
    queries = natspike(*options, "--language", "athena").strip().split("\n\n")
    found = [ask_sql(query, records, fields) for query in queries]
    assert [[strange_row(row) for row in rows] for rows in found] == expected


def strange_row(row: dict[str, Any]) -> tuple[str | int, ...]:
    """The keys, the seconds at which the minute begins, and what a threshold is of."""
    *keys, minute, counted, _ = row.values()
    if isinstance(minute, str):
        minute = int(datetime.fromisoformat(minute).replace(tzinfo=UTC).timestamp())
    return *map(str, keys), minute - START, int(counted)


def test_sums_are_ranked_and_cut() -> None:
    dice = random.Random(9)
    fields = FORMATS["natspike"].split()
    records = recording(dice)
    lines = [" ".join(one[field] for field in fields) for one in records]
    for by, column in (("bytes", "total_bytes"), ("flows", "flows")):
        options = ["top-external", "--by", by, "--limit", "7"]
        rows = ask_insights(natspike("queries", *options), lines)
        other = ask_sql(natspike("queries", "--language", "athena", *options), records, fields)
        figures = [int(row[column]) for row in rows]
        assert figures == sorted(figures, reverse=True)
        assert figures == [row[column] for row in other]
        assert len(figures) == 7
