"""Reads the numbers back out of a report mail.

Knows the mail's layout and nothing else: what the numbers should be is
`verify`'s business.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal

LEGS = ("in_from_source", "out_to_destination", "in_from_destination", "out_to_source")
SECTIONS = ("By owner", "Sources", "Destinations", "AWS services")
# Their rows are followed by lines that say who it is.
_OWNED = ("By owner", "Sources")

PROCESSED = re.compile(r"^Processed\s+([\d,]+) bytes\s+([\d,.]+) GB\s+\$([\d,.]+)\s*$", re.M)
_LEG = re.compile(rf"^({'|'.join(LEGS)})\s+([\d,]+) bytes\s*$", re.M)
_ROW = re.compile(
    r"^(?P<name>\S+)?\s+(?P<bytes>[\d,]+)\s+(?P<gb>[\d,]+\.\d+)\s+"
    r"\$(?P<cost>[\d,]+\.\d{4})\s+(?P<share>[\d.]+) %(?:\s+\((?P<service>[^)]*)\))?\s*$"
)
_HIDDEN = re.compile(r"^and ([\d,]+) more$")
_SERVICE = re.compile(r"^\s+\((?P<service>[^)]*)\)\s*$")
_BEFORE = re.compile(r"Before the (?:alarm|recording), .*? it processed ([\d,]+) bytes")
_RECORDED = re.compile(
    r"The recording has ([\d,]+) records, ([\d,]+) bytes"
    r"(?:, whose delivery cost \$([\d,.]+\d)| of a flow log that is there anyway)"
)


class Unreadable(Exception):
    """The mail is not laid out as a report; the message says where."""


@dataclass
class Row:
    """One line of a table."""

    name: str
    bytes: int
    gb: Decimal
    cost: Decimal
    share: Decimal
    service: str | None = None
    owner: str | None = None


@dataclass
class Section:
    """One table: its rows, and how many more it says there are."""

    rows: list[Row] = field(default_factory=list)
    hidden: int = 0


@dataclass(frozen=True)
class Report:
    """What a report mail says."""

    processed: int
    gb: Decimal
    cost: Decimal
    legs: dict[str, int]
    sections: dict[str, Section]
    # Bytes in the minutes before, if it says so.
    before: int | None
    # Records and bytes of the recording itself, and what its delivery cost.
    recorded: tuple[int, int]
    delivery: Decimal | None


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def read(body: str) -> Report:
    """The numbers of a report mail."""
    processed = PROCESSED.search(body)
    if processed is None:
        raise Unreadable("the mail has no line `Processed … bytes … GB $…`")
    legs = {name: int(_decimal(count)) for name, count in _LEG.findall(body)}
    missing = [name for name in LEGS if name not in legs]
    if missing:
        raise Unreadable(f"the mail does not say {', '.join(missing)}")
    lines = body.splitlines()
    words = " ".join(body.split())
    before, recorded = _BEFORE.search(words), _RECORDED.search(words)
    if recorded is None:
        raise Unreadable("the mail does not say what the recording itself was")
    return Report(
        processed=int(_decimal(processed[1])),
        gb=_decimal(processed[2]),
        cost=_decimal(processed[3]),
        legs=legs,
        sections={name: _section(lines, name) for name in SECTIONS},
        before=None if before is None else int(_decimal(before[1])),
        recorded=(int(_decimal(recorded[1])), int(_decimal(recorded[2]))),
        delivery=None if recorded[3] is None else _decimal(recorded[3]),
    )


def _section(lines: list[str], title: str) -> Section:
    """The table under a title, up to the next blank line; a mail without it has an empty one."""
    section = Section()
    start = next(
        (
            at + 2
            for at, line in enumerate(lines[:-1])
            if line.rstrip() == title and lines[at + 1].rstrip().endswith("share")
        ),
        len(lines),
    )
    long_name: str | None = None
    for line in lines[start:]:
        if not line.strip():
            break
        if match := _ROW.match(line):
            name = match["name"] or long_name
            if name is None:
                raise Unreadable(f"a row of {title} has no name: {line!r}")
            figures = (_decimal(match["gb"]), _decimal(match["cost"]), _decimal(match["share"]))
            row = Row(name, int(_decimal(match["bytes"])), *figures, match["service"])
            section.rows.append(row)
            long_name = None
        elif (match := _SERVICE.match(line)) and section.rows:
            section.rows[-1].service = match["service"]
        elif title in _OWNED and line.startswith("  ") and section.rows:
            row = section.rows[-1]
            row.owner = f"{row.owner or ''} {line.strip()}".strip()
        elif match := _HIDDEN.match(line):
            section.hidden = int(_decimal(match[1]))
        elif " " not in line.strip():
            long_name = line.strip()
        else:
            raise Unreadable(f"a row of {title} cannot be read: {line!r}")
    return section
