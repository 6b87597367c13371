"""Reading numbers out of a mail."""

from decimal import Decimal

import pytest
from report_mail import BODY

from rehearsal import report


def test_reads_the_totals():
    said = report.read(BODY)
    assert said.processed == 13_249_876_543
    assert said.gb == Decimal("12.34")
    assert said.cost == Decimal("0.5553")


def test_reads_the_legs():
    assert report.read(BODY).legs == {
        "in_from_source": 9_876_543,
        "out_to_destination": 9_876_543,
        "in_from_destination": 13_240_000_000,
        "out_to_source": 13_240_000_000,
    }


def test_reads_rows_of_long_addresses_and_their_services():
    rows = report.read(BODY).sections["Destinations"].rows
    assert [(row.name, row.bytes, row.service) for row in rows] == [
        ("52.216.10.20", 13_249_000_000, "S3"),
        ("64:ff9b::203.0.113.5", 876_543, "CLOUDFRONT_ORIGIN_FACING"),
    ]


def test_reads_how_many_rows_are_not_shown():
    body = BODY.replace("and 1 more", "").replace(
        "\n\nDestinations", "\nand 1,234 more\n\nDestinations"
    )
    section = report.read(body).sections["Sources"]
    assert len(section.rows) == 2
    assert section.hidden == 1_234


def test_a_section_that_is_not_there_is_empty():
    body = BODY[: BODY.index("AWS services")] + BODY[BODY.index("Legs") :]
    assert report.read(body).sections["AWS services"] == report.Section()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("hello", "no line `Processed"),
        (BODY.replace("out_to_source", "something"), "does not say out_to_source"),
        (BODY.replace("$0.5553 100.0 % (S3)", "a lot of it"), "cannot be read"),
    ],
)
def test_says_what_it_cannot_read(body, why):
    with pytest.raises(report.Unreadable, match=why):
        report.read(body)
