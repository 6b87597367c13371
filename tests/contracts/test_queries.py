"""The saved Logs Insights queries read our format and sum the billed legs only."""

import ipaddress
import re
from typing import Any

import pytest

from lint.cloudformation import REPOSITORY

GATEWAY, SECOND_ADDRESS, ELASTIC = "10.0.0.220", "10.0.0.221", "198.51.100.9"
WORKLOAD, REMOTE = "10.0.1.5", "203.0.113.5"
BILLED = ["DestinationQuery", "SourceQuery", "ServiceQuery", "PairQuery"]


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
    assert queries(template).keys() == {*BILLED, "QualityQuery"}
    for query in queries(template).values():
        assert query["LogGroupNames"] == [{"Ref": "RecordingLogGroup"}]
        assert query["Name"]["Fn::Sub"].startswith("${AWS::StackName}/")
        assert len(query["QueryString"]) <= 10_000


def evaluate(expression: str, record: dict[str, str]) -> Any:
    """The value of an expression of Logs Insights, as far as these queries use it."""

    def inside(address: str, *networks: str) -> bool:
        return any(
            ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks
        )

    functions = {
        "if_": lambda condition, yes, no: yes if condition else no,
        "isPrivateIP": lambda a: inside(a, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        "isIpv4InSubnet": inside,
    }
    python = re.sub(r"(?<![!<>=])=", "==", expression).replace("if(", "if_(")
    return eval(python, {"__builtins__": {}}, functions | record)  # noqa: S307


def run(query: str, record: dict[str, str]) -> dict[str, str] | None:
    """The record with the query's own fields, or None if a filter drops it."""
    for command in commands(query):
        word, rest = command.split(" ", 1)
        if word == "filter" and not evaluate(rest, record):
            return None
        if word == "fields":
            for expression, alias in re.findall(r"(if\(.*?\)) as (\w+)(?:, |$)", rest):
                record = record | {alias: evaluate(expression, record)}
    return record


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
