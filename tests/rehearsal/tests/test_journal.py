"""Reading the front's journal."""

import json

import pytest

from rehearsal import journal

LINE = {
    "time": 1.5,
    "function": "start-recording",
    "service": "ec2",
    "operation": "CreateFlowLogs",
    "status": 200,
    "fault": None,
    "duration_ms": 3,
    "request_ids": ["eni-01234567", "nat-01234567"],
    "answer_ids": ["fl-01234567"],
}


def _calls(*changes):
    return journal.parse("\n".join(json.dumps(LINE | change) for change in changes))


def test_reads_calls_in_order():
    first, second = _calls({}, {"operation": "DescribeFlowLogs"})
    assert (first.function, first.ids) == (
        "start-recording",
        {"eni-01234567", "nat-01234567", "fl-01234567"},
    )
    assert second.operation == "DescribeFlowLogs"


def test_no_journal_is_no_calls(tmp_path):
    assert journal.read(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("change", "done"),
    [
        ({}, True),
        ({"fault": "answer-lost"}, True),
        ({"fault": "held"}, True),
        ({"status": 503, "fault": "throttled"}, False),
        ({"status": None, "fault": "timed-out"}, False),
        ({"status": None}, False),
        ({"status": 400}, False),
    ],
)
def test_knows_what_was_done_whoever_heard_it(change, done):
    [call] = _calls(change)
    assert call.is_done == done
    assert journal.created_flow_logs([call]) == ({"fl-01234567": "nat-01234567"} if done else {})


def test_says_a_call_in_a_line():
    [call] = _calls({"fault": "answer-lost"})
    assert call.line() == (
        "start-recording ec2:CreateFlowLogs -> 200, answer-lost  "
        "eni-01234567 nat-01234567 fl-01234567"
    )


def test_keeps_a_journal_under_its_scenarios_name(tmp_path):
    written, kept = tmp_path / "front.jsonl", tmp_path / "journal" / "spike.jsonl"
    journal.keep(written, kept)
    assert not kept.exists()
    written.write_text(json.dumps(LINE))
    journal.keep(written, kept)
    assert [path.name for path in kept.parent.iterdir()] == ["spike.jsonl"]
    assert journal.read(kept) == _calls({})


def test_records_that_a_call_reads_do_not_make_it_a_call_about_their_gateways():
    [call] = _calls({"service": "logs", "request_ids": [], "answer_ids": ["eni-01234567"]})
    assert call.ids == frozenset()
    assert "eni-01234567" not in call.line()
