"""Queries of log events, alone and in the started local AWS."""

import json
import random
import time
from collections import defaultdict

import botocore.session
import pytest
from botocore.exceptions import ClientError

from localaws import insights
from localaws.insights_query import DEFAULT_ROWS, MOST_ROWS, MalformedQuery, Query, glob

MESSAGES = ["web 10.0.0.5 120 ACCEPT", "web 10.0.0.6 80 ACCEPT", "db 10.0.0.5 - NODATA", "odd"]
PARSE = 'parse @message "* * * *" as name, address, bytes, status'


def rows(query, messages=MESSAGES, limit=None):
    events = [{"@message": message, "@ptr": str(n)} for n, message in enumerate(messages)]
    found = Query(query).run(events, limit)
    return [{name: value for name, value in row.items() if name != "@ptr"} for row in found]


@pytest.mark.parametrize(
    ("pattern", "message", "found"),
    [
        ("* * *", "a b c d", ["a", "b", "c d"]),
        ("* *", "a", None),
        ("*", "", [""]),
        ("* * *", "a  b", ["a", "", "b"]),
        ("user=*, took *ms", "at 1 user=me, took 5ms or 6ms", ["me", "5"]),
        ("user=*;", "user=me", None),
        ("[*] *", "x [y] z [a]", ["y", "z [a]"]),
        ("**", "ab", ["", "ab"]),
    ],
)
def test_a_star_is_as_short_as_possible_and_the_last_one_open(pattern, message, found):
    assert glob(pattern, message) == found


def test_a_message_that_does_not_match_costs_no_more_than_one_that_does():
    assert glob(" ".join("*" * 60), " ".join("a" * 59)) is None


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ('status = "ACCEPT"', [0, 1]),
        ("status != 'ACCEPT'", [2, 3]),
        ("bytes > 90", [0]),
        ("bytes > 2 * 45", [0]),
        ("2 * bytes * 2 = 320", [1]),
        ("name * 2 = 2 or bytes * 1 = bytes", [0, 1]),
        ("bytes >= 80 and bytes <= 120", [0, 1]),
        ('bytes < "100"', [1, 2]),
        ('name = "db" or address = "10.0.0.6"', [1, 2]),
        ('name = "db" or name = "web" and bytes = 80', [1, 2]),
        ('(name = "db" or name = "web") and bytes = 80', [1]),
        ('not status = "ACCEPT"', [2, 3]),
        ('not (name = "web" or name = "db")', [3]),
        ('@message like "10.0.0.5"', [0, 2]),
        ('address like "10.0.0."', [0, 1, 2]),
        ("@message like /^(web|odd)/", [0, 1, 3]),
        ("@message like /(?i)nodata/", [2]),
        ('address like "|"', []),
        ("strlen(@message) = 3", [3]),
        ("bytes = 080.0", [1]),
        ('bytes in ["80", "x"]', [1]),
        ('name in ["db"] or address in ["10.0.0.6"]', [1, 2]),
        ('not name in ["web", "db"]', [3]),
        ('isIpv4InSubnet(address, "10.0.0.4/31")', [0, 2]),
        ('isIpv4InSubnet(name, "0.0.0.0/0")', []),
        ('isIpv6InSubnet(address, "::/0")', []),
        ('if(isIpv4InSubnet(address, "10.0.0.6/32"), 1, 0) = 1', [1]),
        ("bytes", []),
    ],
)
def test_filters(condition, places):
    found = rows(f"{PARSE} | filter {condition} | fields @message")
    assert [row["@message"] for row in found] == [MESSAGES[place] for place in places]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fields @message | limit 1", [{"@message": "x"}]),
        ("fields @message\n# a comment | limit 1\n  # another\n| limit 1", [{"@message": "x"}]),
        ("filter strlen(@message) > 3", []),
        ("FIELDS strlen(@message) AS length, missing | limit 1", [{"length": "1"}]),
        ("fields @message like 'x' as is, 5 as n, 2.50 as d", [{"is": "1", "n": "5", "d": "2.50"}]),
        ("fields 'a | b' as pipe, \"it's\" as quote", [{"pipe": "a | b", "quote": "it's"}]),
        ("fields if(@message = 'x', 'yes', 'no') as a, if(b, 1, c) as b", [{"a": "yes"}]),
        ("stats count(*) as n by missing", [{"n": "1"}]),
        ("stats sum(@message) as s, min(@message) as m, count(*) as n", [{"n": "1"}]),
        ("stats count(*) as n | filter n > 1", []),
    ],
)
def test_shows_what_is_asked_for(query, expected):
    assert rows(query, ["x"]) == expected


def test_shows_time_message_and_place_unless_told_otherwise():
    event = {"@timestamp": "now", "@message": "x y", "@ptr": "7", "@logStream": "one"}
    (found,) = Query("filter @message like 'x'").run([dict(event)])
    assert found == {"@timestamp": "now", "@message": "x y", "@ptr": "7"}
    (found,) = Query("fields @logStream | parse @message '* *' as a, b").run([dict(event)])
    assert found == {"@logStream": "one", "a": "x", "b": "y", "@ptr": "7"}


def test_adds_up_by_keys_of_which_some_are_missing():
    query = (
        f"{PARSE} | stats sum(bytes) as total, count(*) as n, min(bytes) as least, "
        "max(bytes) as most, sum(strlen(@message)) as length by name, status | sort n desc"
    )
    status = {"name": "web", "status": "ACCEPT"}
    web = status | {"total": "200", "n": "2", "least": "80", "most": "120", "length": "45"}
    db = {"name": "db", "status": "NODATA", "n": "1", "length": "20"}
    assert rows(query) == [web, db, {"n": "1", "length": "3"}]


def test_sums_are_exact():
    large = [str(2**53), "1", "1", str(10**30)]
    query = "parse @message '*' as bytes | stats sum(bytes) as total"
    assert rows(query, large) == [{"total": str(10**30 + 2**53 + 2)}]
    assert rows(query, ["0.1", "0.2"]) == [{"total": "0.3"}]


def test_counts_what_is_different_by_minute():
    times = ["2026-11-20 10:00:59.999", "2026-11-20 10:01:00.000", "2026-11-20 10:01:59.000"]
    events = [{"@timestamp": time, "@message": "x"} for time in times]
    query = "stats countDistinct(@timestamp) as n, countDistinct(a) as none by bin(1m) | sort n asc"
    assert Query(query).run(events) == [
        {"bin(1m)": "2026-11-20 10:00:00.000", "n": "1", "none": "0"},
        {"bin(1m)": "2026-11-20 10:01:00.000", "n": "2", "none": "0"},
    ]


def test_divides_sums():
    query = "parse @message '*' as bytes | stats sum(bytes) / 4 as quarter, sum(a) / 2 as none"
    assert rows(query, ["1", "2"]) == [{"quarter": "0.75"}]


@pytest.mark.parametrize(
    ("order", "messages", "expected"),
    [
        ("asc", ["10", "9", "100"], ["9", "10", "100"]),
        ("desc", ["10", "9", "100"], ["100", "10", "9"]),
        ("asc", ["b", "10", "a"], ["a", "b", "10"]),
        ("desc", ["-1", "0.5", "0"], ["0.5", "0", "-1"]),
    ],
)
def test_sorts_numbers_as_numbers(order, messages, expected):
    found = rows(f"fields @message | sort @message {order}", messages)
    assert [row["@message"] for row in found] == expected


def test_sorts_the_missing_last_where_the_largest_comes_first():
    found = rows(f"{PARSE} | sort bytes desc | fields bytes | filter not @message like 'web'")
    assert [row.get("bytes") for row in found] == ["-", None]


@pytest.mark.parametrize(
    ("query", "limit", "count"),
    [
        ("fields @message", None, DEFAULT_ROWS),
        ("fields @message", 7, 7),
        ("fields @message", 200_000, MOST_ROWS),
        ("fields @message | limit 20", 7, 20),
        ("fields @message | limit 200000", 7, MOST_ROWS),
    ],
)
def test_a_limit_in_the_query_goes_before_that_of_the_request(query, limit, count):
    assert len(rows(query, ["x"] * (MOST_ROWS + 1), limit)) == count


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "query: unexpected the end"),
        ("dedup @message", "dedup: the command is not supported"),
        ("fields @message | pattern @message", "pattern: the command is not supported"),
        ("fields @message |", "fields: unexpected the end"),
        ("fields @message limit 5", "fields: unexpected limit"),
        ("fields @message\nlimit 5", "fields: unexpected limit"),
        ("fields log-status", "fields: unexpected -"),
        ("fields strlen(@message)", "fields: unexpected the end"),
        ("fields upper(@message) as a", "fields: upper of 1 is not supported"),
        ("fields if(a = 1, 2) as b", "fields: if of 2 is not supported"),
        ("fields 'a as b", "fields: unexpected '"),
        ("fields 'a\\'b' as c", "fields: unexpected '"),
        ("parse @message '* *' as a", "parse: 2 stars, but 1 names"),
        ("parse @message /(?<a>.)/", "parse: unexpected /(?<a>.)/"),
        ("filter a = 1 and", "filter: unexpected the end"),
        ("filter a in 'b'", "filter: unexpected 'b'"),
        ("filter a in [5]", "filter: unexpected 5"),
        ("filter isIpv4InSubnet(a) = 1", "filter: isIpv4InSubnet of 1 is not supported"),
        ("filter (a = 1", "filter: unexpected the end"),
        ("filter a like b", "filter: unexpected b"),
        ("filter a like /(/", "filter: /(/: "),
        ("stats avg(a) as b", "stats: unexpected avg"),
        ("stats count(a) as b", "stats: unexpected a"),
        ("stats sum(a)", "stats: unexpected the end"),
        ("stats count(*) as n by bin(5h)", "stats: unexpected h"),
        ("stats count(*) as n by bin(300m)", "stats: 300 is no number of minutes"),
        ("stats count(*) as n by trunc(5m)", "stats: unexpected ("),
        ("stats sum(a) / b as c", "stats: unexpected b"),
        ("sort a", "sort: unexpected the end"),
        ("limit many", "limit: unexpected many"),
        ("limit -1", "limit: -1 is no number of rows"),
    ],
)
def test_refuses_what_it_does_not_know_and_names_the_command(query, why):
    with pytest.raises(MalformedQuery) as refused:
        Query(query)
    assert str(refused.value).startswith(why)


# From here on in the started local AWS, with the queries and the layout of natspike:
# crates/adapters/src/logs/insights.rs, NATSPIKE_LOG_FORMAT in crates/flowlog/src/known.rs.

PARSE_FLOWS = (
    'parse @message "* * * * * * * * * * * * * * * * * * * * *" as version, interface_id, '
    "resource_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, start, end, "
    "action, log_status, pkt_srcaddr, pkt_dstaddr, pkt_src_aws_service, pkt_dst_aws_service, "
    "flow_direction, traffic_path, tcp_flags"
)
LAYOUT = PARSE_FLOWS.partition(" as ")[2].split(", ")
SUMS = (
    "count(*) as records, sum(strlen(@message)) as record_bytes, sum(bytes) as sum_bytes, "
    "sum(packets) as sum_packets, min(start) as first_start, max(end) as last_end"
)
FLOW_KEYS = (
    "interface_id, resource_id, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, "
    "pkt_src_aws_service, pkt_dst_aws_service, action, log_status"
)
FLOWS_QUERY = f"{PARSE_FLOWS}\n| stats {SUMS} by {FLOW_KEYS}\n| sort sum_bytes desc\n| limit 100000"
REST_QUERY = (
    f"{PARSE_FLOWS}\n"
    '| fields if(srcaddr = "10.0.0.220" or srcaddr = "10.0.0.221", srcaddr, "0.0.0.0") '
    "as own_srcaddr\n"
    '| fields if(dstaddr = "10.0.0.220" or dstaddr = "10.0.0.221", dstaddr, "0.0.0.0") '
    "as own_dstaddr\n"
    '| fields if(pkt_srcaddr = "10.0.0.220" or pkt_srcaddr = "10.0.0.221", pkt_srcaddr, '
    '"0.0.0.0") as own_pkt_srcaddr\n'
    '| fields if(pkt_dstaddr = "10.0.0.220" or pkt_dstaddr = "10.0.0.221", pkt_dstaddr, '
    '"0.0.0.0") as own_pkt_dstaddr\n'
    f"| stats {SUMS} by interface_id, resource_id, action, log_status, own_srcaddr, "
    "own_dstaddr, own_pkt_srcaddr, own_pkt_dstaddr"
)
OWN = ["10.0.0.220", "10.0.0.221"]
ENDS = ["srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr"]
ODD = {"records": "1", "record_bytes": "9"}
RECORDS = 10_500
START = int(time.time()) - 3_600


def record(choice, number):
    """A record as AWS would deliver it; each has a destination of its own."""
    start = START + number * 600 // RECORDS
    values = dict.fromkeys(LAYOUT, "-")
    times = {"version": "7", "interface_id": "eni-1", "start": str(start), "end": str(start + 60)}
    if number % 100 == 0:
        return values | times | {"log_status": "NODATA"}
    return values | {
        **times,
        "resource_id": "nat-0a1b2c3d4e5f60718",
        "srcaddr": choice([*OWN, "10.0.1.5"]),
        "dstaddr": f"203.0.{number // 250}.{number % 250}",
        "pkt_srcaddr": choice(OWN),
        "pkt_dstaddr": choice([*OWN, "198.51.100.7"]),
        "packets": str(choice(range(1, 1_000))),
        "bytes": str(choice(range(40, 10**9))),
        "action": choice(["ACCEPT", "REJECT"]),
        "log_status": "OK",
    }


def message_of(one):
    return " ".join(one[name] for name in LAYOUT)


@pytest.fixture(scope="module")
def logs(local_aws):
    """A client that knows of pages, as the pinned botocore does not."""
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    insights.add_pages(loader.load_service_model("logs", "service-2"))
    return session.create_client("logs", **local_aws.credentials())


@pytest.fixture(scope="module")
def records(logs):
    """What is in the log group `flows`, besides one message that is no record."""
    logs.create_log_group(logGroupName="flows", logGroupClass="INFREQUENT_ACCESS")
    choice = random.Random(7).choice
    records = [record(choice, number) for number in range(RECORDS)]
    for stream, part in (("one", records[::2]), ("two", records[1::2])):
        logs.create_log_stream(logGroupName="flows", logStreamName=stream)
        events = [
            {"timestamp": int(one["start"]) * 1_000, "message": message_of(one)} for one in part
        ]
        logs.put_log_events(logGroupName="flows", logStreamName=stream, logEvents=events)
    late = {"timestamp": (START + 599) * 1_000, "message": "no record"}
    logs.put_log_events(logGroupName="flows", logStreamName="two", logEvents=[late])
    return records


def query(logs, text, start=START, end=START + 599, **request):
    """All rows, page by page."""
    if not any(name.startswith("logGroup") for name in request):
        request["logGroupName"] = "flows"
    request |= {"startTime": start, "endTime": end, "queryString": text}
    request = {"queryId": logs.start_query(**request)["queryId"]}
    found = []
    while True:
        page = logs.get_query_results(**request)
        assert page["status"] == "Complete"
        assert len(page["results"]) <= insights.PAGE
        found += [{one["field"]: one["value"] for one in row} for row in page["results"]]
        if "nextToken" not in page:
            return found
        assert len(page["results"]) == insights.PAGE
        request["nextToken"] = page["nextToken"]


def sums_by(records, keys):
    """What the queries of flows have to find."""
    groups = defaultdict(list)
    for one in records:
        groups[tuple(one[key] for key in keys)].append(one)
    expected = {}
    for key, group in groups.items():
        sums = {"records": len(group), "first_start": min(int(one["start"]) for one in group)}
        sums["record_bytes"] = sum(len(message_of(one)) for one in group)
        sums["last_end"] = max(int(one["end"]) for one in group)
        for unit in ("bytes", "packets"):
            if amounts := [int(one[unit]) for one in group if one[unit] != "-"]:
                sums[f"sum_{unit}"] = sum(amounts)
        expected[key] = {name: str(value) for name, value in sums.items()}
    return expected


def by_key(found, keys):
    rows = [dict(row) for row in found]
    keyed = {tuple(row.pop(key) for key in keys): row for row in rows}
    assert len(keyed) == len(rows)
    return keyed


def test_adds_flows_up_over_pages(logs, records):
    found = query(logs, FLOWS_QUERY)
    assert ODD in found, "the message that is no record"
    found.remove(ODD)
    keys = FLOW_KEYS.split(", ")
    expected = sums_by(records, keys)
    assert len(expected) > insights.PAGE
    assert by_key(found, keys) == expected
    largest = [int(row["sum_bytes"]) for row in found if "sum_bytes" in row]
    assert largest == sorted(largest, reverse=True)
    assert "sum_bytes" not in found[-1]
    whole = sum(int(one["bytes"]) for one in records if one["bytes"] != "-")
    assert sum(largest) == whole


def test_adds_up_with_all_but_the_gateways_addresses_as_one(logs, records):
    own = [
        one | {f"own_{end}": one[end] if one[end] in OWN else "0.0.0.0" for end in ENDS}
        for one in records
    ]
    keys = ["interface_id", "resource_id", "action", "log_status"]
    keys += [f"own_{end}" for end in ENDS]
    found = query(logs, REST_QUERY)
    odd = ODD | {f"own_{end}": "0.0.0.0" for end in ENDS}
    assert odd in found, "the message that is no record"
    found.remove(odd)
    assert by_key(found, keys) == sums_by(own, keys)


def test_adds_up_the_records_that_have_a_word(logs, records):
    having = [one for one in records if one["action"] == "REJECT"]
    found = query(logs, f'filter @message like "REJECT"\n| {FLOWS_QUERY}')
    keys = FLOW_KEYS.split(", ")
    assert by_key(found, keys) == sums_by(having, keys)


def test_the_first_and_the_last_second_belong_to_the_time(logs, records):
    within = [one for one in records if START + 10 <= int(one["start"]) <= START + 12]
    (found,) = query(
        logs, "stats count(*) as n, sum(strlen(@message)) as size", START + 10, START + 12
    )
    size = sum(len(message_of(one)) for one in within)
    assert found == {"n": str(len(within)), "size": str(size)}
    assert query(logs, "fields @message", START - 100, START - 1) == []


@pytest.mark.usefixtures("records")
def test_gives_a_sample_of_the_newest(logs):
    found = query(logs, "fields @message | limit 20", limit=20)
    assert len(found) == 20
    assert "no record" in [row["@message"] for row in found], "put last"
    assert all(set(row) == {"@message", "@ptr"} for row in found)


@pytest.mark.usefixtures("records")
def test_names_log_groups_in_three_ways(logs):
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:flows"
    ways = [
        {"logGroupName": "flows"},
        {"logGroupNames": ["flows"]},
        {"logGroupIdentifiers": ["flows"]},
        {"logGroupIdentifiers": [arn]},
    ]
    for way in ways:
        (found,) = query(logs, "stats count(*) as n", **way)
        assert found == {"n": str(RECORDS + 1)}
    with pytest.raises(logs.exceptions.InvalidParameterException):
        query(logs, "stats count(*) as n", logGroupName="flows", logGroupNames=["flows"])
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        query(logs, "stats count(*) as n", logGroupName="none")


@pytest.mark.usefixtures("records")
def test_refuses_unknown_queries_and_commands(logs):
    with pytest.raises(logs.exceptions.MalformedQueryException, match="dedup: the command"):
        query(logs, "fields @message | dedup @message")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_query_results(queryId="5d5bd2ea-0000-0000-0000-000000000000")


@pytest.mark.usefixtures("records")
def test_events_of_infrequent_access_are_not_read_one_by_one(logs):
    refused = logs.exceptions.InvalidOperationException
    for way in ({"logGroupName": "flows"}, {"logGroupIdentifier": "flows"}):
        with pytest.raises(refused, match="FilterLogEvents is not supported"):
            logs.filter_log_events(**way)
        with pytest.raises(refused, match="GetLogEvents is not supported"):
            logs.get_log_events(**way, logStreamName="one")


def test_events_of_standard_are_read_as_ever(logs):
    names = {"logGroupName": "plain", "logStreamName": "one"}
    logs.create_log_group(logGroupName="plain")
    logs.create_log_stream(**names)
    logs.put_log_events(**names, logEvents=[{"timestamp": START * 1_000 + 999, "message": "hello"}])
    (event,) = logs.filter_log_events(logGroupName="plain")["events"]
    assert event["message"] == "hello"
    (event,) = logs.get_log_events(**names)["events"]
    assert event["message"] == "hello"
    (found,) = query(logs, "filter @message = 'hello'", START, START, logGroupName="plain")
    shown = time.strftime("%Y-%m-%d %H:%M:%S.999", time.gmtime(START))
    assert found.pop("@ptr")
    assert found == {"@timestamp": shown, "@message": "hello"}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.filter_log_events(logGroupName="none")


def test_tells_the_class_of_a_log_group_however_it_was_created(logs, client):
    resource = {"Type": "AWS::Logs::LogGroup"}
    rare = {"LogGroupName": "classes/stack-rare", "LogGroupClass": "INFREQUENT_ACCESS"}
    template = {
        "Resources": {
            "Rare": resource | {"Properties": rare},
            "Plain": resource | {"Properties": {"LogGroupName": "classes/stack-plain"}},
        }
    }
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="classes", TemplateBody=json.dumps(template))
    waiter = {"Delay": 1, "MaxAttempts": 30}
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="classes", WaiterConfig=waiter
    )
    logs.create_log_group(logGroupName="classes/rare", logGroupClass="INFREQUENT_ACCESS")
    logs.create_log_group(logGroupName="classes/standard", logGroupClass="STANDARD")
    logs.create_log_group(logGroupName="classes/untold")
    groups = logs.describe_log_groups(logGroupNamePrefix="classes/")["logGroups"]
    assert {group["logGroupName"]: group["logGroupClass"] for group in groups} == {
        "classes/rare": "INFREQUENT_ACCESS",
        "classes/stack-plain": "STANDARD",
        "classes/stack-rare": "INFREQUENT_ACCESS",
        "classes/standard": "STANDARD",
        "classes/untold": "STANDARD",
    }
    with pytest.raises(logs.exceptions.InvalidOperationException):
        logs.filter_log_events(logGroupName="classes/stack-rare")
    logs.delete_log_group(logGroupName="classes/rare")
    logs.create_log_group(logGroupName="classes/rare")
    assert logs.filter_log_events(logGroupName="classes/rare")["events"] == []
