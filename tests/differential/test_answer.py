"""How sure and what changed, made again from raw records and metrics.

Reads the golden cases as anybody would: words at their places, sums in dictionaries,
integers and fractions. Shares no code with natspike and knows its layout only.
"""

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import pytest

GOLDEN = Path(__file__).parents[2] / "crates" / "egress" / "tests" / "golden"
MINUTE = 60
BILLED = ("BytesInFromSource", "BytesInFromDestination")


def _cases() -> list[Path]:
    """Cases in natspike's own layout that have a snapshot."""
    folders = [path.parent for path in sorted(GOLDEN.glob("*/snapshot.json"))]
    return [it for it in folders if (it / "recording.log").read_text().startswith("9 ")]


def _json(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


def _recorded(case: Path) -> tuple[dict[str, Counter], tuple[int, int]]:
    """Billed bytes by source, destination and service, and from when to when."""
    own = set(_json(case / "facts.json")["nat_addresses"])
    sums: dict[str, Counter] = {name: Counter() for name in ("sources", "destinations", "services")}
    starts, ends = [], []
    for line in (case / "recording.log").read_text().splitlines():
        words = line.split(" ")
        starts.append(int(words[10]))
        ends.append(int(words[11]))
        if words[12] != "ACCEPT" or words[13] != "OK":
            continue
        seen, packet, service = words[3:5], words[14:16], words[16:18]
        for gateway, workload in ((1, 0), (0, 1)):
            if seen[gateway] in own and packet[gateway] not in own:
                count = int(words[9])
                sums["sources"][seen[workload]] += count
                sums["destinations"][packet[gateway]] += count
                name = service[gateway]
                sums["services"][None if name == "-" else name] += count
    return sums, (min(starts), max(ends))


def _minutes(metrics: list[dict[str, Any]]) -> Counter:
    minutes: Counter = Counter()
    for metric in metrics:
        if metric["name"] in BILLED:
            for start, value in metric["points"]:
                minutes[start] += value
    return minutes


def _millionths(part: int, whole: int) -> Fraction:
    """Half up."""
    return Fraction((2_000_000 * part + whole) // (2 * whole), 1_000_000)


def _said(number: float) -> Fraction:
    return Fraction(str(number))


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.name)
def test_coverage_is_that_of_the_minutes(case: Path) -> None:
    said = _json(case / "report.json")["coverage"]
    metrics = _json(case / "metrics.json")
    if metrics is None:
        assert said is None
        return
    sums, (start, end) = _recorded(case)
    seconds = Counter(second // MINUTE * MINUTE for second in range(start, end))
    minutes = _minutes(metrics)
    counted = sum(minutes[minute] * part for minute, part in seconds.items()) // MINUTE
    recorded = sums["sources"].total()
    assert (said["recorded"], said["counted"]) == (recorded, counted)
    assert _said(said["share"]) == Fraction(recorded * 10_000 // counted, 10_000)


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case.name)
def test_shares_of_the_increase_are_bounds_of_what_was_usual(case: Path) -> None:
    report, facts = _json(case / "report.json"), _json(case / "facts.json")
    snapshot = _json(case / "snapshot.json")
    alarmed = (facts.get("alarmed") or [snapshot["taken"]])[0]
    known = sorted(_minutes(snapshot["metrics"]).items())
    before = [(start, value) for start, value in known if start + MINUTE <= alarmed]
    middle = int(median([value for _, value in before])) if before else 0
    while before and before[-1][1] > middle:
        before.pop()
    if len(before) < 5:
        assert report["increase"] is None
        return
    sums, (start, end) = _recorded(case)
    recorded = sums["sources"].total()
    usual = int(median([value for _, value in before])) * (end - start) // MINUTE
    more = recorded - usual
    assert report["increase"]["bytes"] == more
    compared = 0
    for part, key in (
        ("sources", "address"),
        ("destinations", "address"),
        ("services", "aws_service"),
    ):
        for row in report[part]:
            count = sums[part][row[key]]
            assert row["bytes"] == count, row
            bounds = [min(max(count - usual, 0), more), min(count, more)]
            said = [_said(row["increase"][name]) for name in ("at_least", "at_most")]
            assert said == [_millionths(bound, more) for bound in bounds], row
            compared += 1
    assert compared > 3


def test_there_are_cases_of_both() -> None:
    reports = [_json(case / "report.json") for case in _cases()]
    assert sum(report["coverage"] is not None for report in reports) >= 3
    assert sum(report["increase"] is not None for report in reports) >= 1
