"""The saved Logs Insights queries read our format and sum the billed legs only."""

import re
from itertools import takewhile
from typing import Any

import pytest

from lint.cloudformation import REPOSITORY
from localaws.insights_query import Query

GATEWAY, SECOND_ADDRESS, ELASTIC = "10.0.0.220", "10.0.0.221", "198.51.100.9"
WORKLOAD, REMOTE = "10.0.1.5", "203.0.113.5"
BILLED = ["DestinationQuery", "SourceQuery", "ServiceQuery", "PairQuery"]
INVESTIGATED = ["ExternalQuery", "SshQuery", "SensitivePortsQuery", "RejectedQuery"]
DETECTED = ["PortScanQuery", "HostScanQuery"]


def queries(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Logs::QueryDefinition"
    }


def our_fields() -> list[str]:
    source = (REPOSITORY / "crates" / "flowlog" / "src" / "known.rs").read_text(encoding="utf-8")
    constant = re.search(r'NATSPIKE_LOG_FORMAT: &str = "([^"]*)"', source)
    assert constant
    return re.findall(r"\$\{([a-z-]+)\}", constant[1])


def commands(query: str) -> list[str]:
    lines = [line for line in query.splitlines() if not line.startswith("#")]
    return [line.removeprefix("| ") for line in lines]


def test_every_query_parses_our_format(template: dict[str, Any]) -> None:
    fields = our_fields()
    assert len(fields) == 21
    for name, query in queries(template).items():
        parse = commands(query["QueryString"])[0]
        stars = " ".join("*" for _ in fields)
        names = ", ".join(field.replace("-", "_") for field in fields)
        assert parse == f'parse @message "{stars}" as {names}', name


def test_queries_search_the_recordings_of_their_stack(template: dict[str, Any]) -> None:
    assert queries(template).keys() == {*BILLED, *INVESTIGATED, *DETECTED, "QualityQuery"}
    for query in queries(template).values():
        assert query["LogGroupNames"] == [{"Ref": "RecordingLogGroup"}]
        assert query["Name"]["Fn::Sub"].startswith("${AWS::StackName}/")
        assert len(query["QueryString"]) <= 10_000


def run(query: str, record: dict[str, str]) -> dict[str, str] | None:
    """What the query works out of the record before it adds up, or None if a filter drops it."""
    before = takewhile(lambda line: not line.startswith("stats "), commands(query))
    message = " ".join(record[field.replace("-", "_")] for field in our_fields())
    rows = Query("\n| ".join(before)).run([{"@message": message}])
    return rows[0] if rows else None


def leg(
    source: str,
    destination: str,
    packet_source: str,
    packet_destination: str,
    direction: str,
    regional: bool = False,
) -> dict[str, str]:
    record = dict.fromkeys((field.replace("-", "_") for field in our_fields()), "-")
    return record | {
        "interface_id": "-" if regional else "eni-0123456789abcdef0",
        "srcaddr": source,
        "dstaddr": destination,
        "pkt_srcaddr": packet_source,
        "pkt_dstaddr": packet_destination,
        "pkt_src_aws_service": "S3" if packet_source == REMOTE else "-",
        "pkt_dst_aws_service": "S3" if packet_destination == REMOTE else "-",
        "flow_direction": direction,
        "action": "ACCEPT",
        "log_status": "OK",
        "srcport": "40000",
        "dstport": "22",
    }


def zonal(workload: str, remote: str, packet_address: str = GATEWAY) -> list[dict[str, str]]:
    """The four legs of one exchange; packet_address = the address the far end sees."""
    return [
        leg(workload, GATEWAY, workload, remote, "ingress"),
        leg(GATEWAY, remote, packet_address, remote, "egress"),
        leg(remote, GATEWAY, remote, packet_address, "ingress"),
        leg(GATEWAY, workload, remote, workload, "egress"),
    ]


def regional(direction_known: bool) -> list[dict[str, str]]:
    ends = [(WORKLOAD, REMOTE), (ELASTIC, REMOTE), (REMOTE, ELASTIC), (REMOTE, WORKLOAD)]
    directions = ["ingress", "egress", "ingress", "egress"] if direction_known else ["-"] * 4
    return [leg(a, b, a, b, d, True) for (a, b), d in zip(ends, directions, strict=True)]


EXCHANGES = {
    "zonal": (WORKLOAD, REMOTE, zonal(WORKLOAD, REMOTE)),
    "zonal, over a secondary address": (WORKLOAD, REMOTE, zonal(WORKLOAD, REMOTE, SECOND_ADDRESS)),
    "zonal, workload in 100.64.0.0/10": ("100.64.7.8", REMOTE, zonal("100.64.7.8", REMOTE)),
    "zonal, workload with public addresses": (
        "192.0.2.10",
        REMOTE,
        zonal("192.0.2.10", REMOTE),
    ),
    "private gateway": (WORKLOAD, "172.16.9.9", zonal(WORKLOAD, "172.16.9.9")),
    "private gateway, workload in 100.64.0.0/10": (
        "100.64.7.8",
        "10.9.0.7",
        zonal("100.64.7.8", "10.9.0.7"),
    ),
    "regional": (WORKLOAD, REMOTE, regional(direction_known=True)),
    "regional without directions": (WORKLOAD, REMOTE, regional(direction_known=False)),
}


@pytest.mark.parametrize("name", BILLED)
@pytest.mark.parametrize("exchange", EXCHANGES)
def test_the_billed_legs_and_only_they_are_summed(
    template: dict[str, Any], name: str, exchange: str
) -> None:
    query = queries(template)[name]["QueryString"]
    workload, remote, legs = EXCHANGES[exchange]
    results = [run(query, record) for record in legs]
    assert [result is not None for result in results] == [True, False, False, True]
    for result in (results[0], results[3]):
        assert result
        assert (result["workload"], result["remote"]) == (workload, remote)
        assert result["aws_service"] == ("S3" if remote == REMOTE else "-")


@pytest.mark.parametrize("name", BILLED)
def test_rejected_and_empty_records_are_not_summed(template: dict[str, Any], name: str) -> None:
    query = queries(template)[name]["QueryString"]
    for record in zonal(WORKLOAD, REMOTE):
        assert run(query, record | {"action": "REJECT"}) is None
        assert run(query, record | {"action": "-", "log_status": "NODATA"}) is None


def test_sums_are_grouped_by_what_the_query_is_named_for(template: dict[str, Any]) -> None:
    groups = {
        "DestinationQuery": "remote, aws_service",
        "SourceQuery": "workload",
        "ServiceQuery": "aws_service",
        "PairQuery": "workload, remote, aws_service",
    }
    for name, group in groups.items():
        query = queries(template)[name]["QueryString"]
        assert "| stats sum(bytes) as processed_bytes, " in query
        assert f" by {group}\n" in query


@pytest.mark.parametrize("name", INVESTIGATED[:-1])
def test_investigations_see_one_upload_and_its_workload(
    template: dict[str, Any], name: str
) -> None:
    query = queries(template)[name]["QueryString"]
    for exchange in ("zonal", "zonal, over a secondary address", "regional"):
        results = [run(query, record) for record in EXCHANGES[exchange][2]]
        # The download is seen where all that is external is.
        expected = [True, False, False, name == "ExternalQuery"]
        assert [result is not None for result in results] == expected
        upload = results[0]
        assert upload
        assert (upload["src"], upload["dst"], upload["dstport"]) == (WORKLOAD, REMOTE, "22")


def test_what_is_rejected_counts_wherever_it_stands(template: dict[str, Any]) -> None:
    query = queries(template)["RejectedQuery"]["QueryString"]
    for record in zonal(WORKLOAD, REMOTE):
        assert run(query, record) is None
        rejected = run(query, record | {"action": "REJECT"})
        assert rejected
        assert (rejected["src"], rejected["dst"]) == (record["pkt_srcaddr"], record["pkt_dstaddr"])
        assert run(query, dict.fromkeys(record, "-") | {"log_status": "NODATA"}) is None


def test_the_quality_of_a_recording_is_that_of_all_its_lines(template: dict[str, Any]) -> None:
    query = queries(template)["QualityQuery"]["QueryString"]
    for status in ("OK", "NODATA", "SKIPDATA"):
        assert run(query, dict.fromkeys(zonal(WORKLOAD, REMOTE)[0], "-") | {"log_status": status})


@pytest.mark.parametrize("name", DETECTED)
def test_scans_are_of_what_opens_and_says_little(template: dict[str, Any], name: str) -> None:
    query = queries(template)[name]["QueryString"]
    probe = zonal(WORKLOAD, REMOTE)[0] | {"tcp_flags": "2", "protocol": "6", "bytes": "40"}
    assert run(query, probe)
    assert run(query, probe | {"tcp_flags": "18"}) is None
    assert run(query, probe | {"bytes": "501"}) is None
    assert run(query, probe | {"bytes": "501", "action": "REJECT"})
    assert run(query, probe | {"protocol": "1"}) is None
