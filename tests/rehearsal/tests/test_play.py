"""Playing: what `traffic` says, the courier, and what history events look like."""

import json
import time
from datetime import UTC, datetime

import pytest

from rehearsal import traffic
from rehearsal.console import Console
from rehearsal.played import Courier, Delivery
from rehearsal.watch import describe


def test_reads_deliveries_and_the_truth():
    lines = [
        {"due": 5.5, "timestamp": 1_700_000_000_000, "message": "a b"},
        {"truth": {"bytes": {"processed": 1}}},
    ]
    read = traffic.parse("\n".join(json.dumps(line) for line in lines))
    assert read.deliveries == [Delivery(5.5, 1_700_000_000_000, "a b")]
    assert read.truth == {"bytes": {"processed": 1}}


def test_records_without_a_truth_are_an_error():
    with pytest.raises(RuntimeError, match="did not say the truth"):
        traffic.parse('{"due": 1, "timestamp": 1, "message": "a"}')


class Logs:
    """CloudWatch Logs that keeps what it gets, and when."""

    def __init__(self):
        self.streams = []
        self.put = []

    def create_log_stream(self, **stream):
        self.streams.append(stream)

    def put_log_events(self, *, logEvents, **stream):  # noqa: N803
        assert stream in self.streams
        self.put.append((time.time(), logEvents))


def test_the_courier_delivers_when_it_is_due_and_in_order():
    logs, zero = Logs(), time.time()
    deliveries = [Delivery(0.2, 3, "c"), Delivery(0.0, 2, "b"), Delivery(0.0, 1, "a")]
    courier = Courier(logs, "group", "eni-1", deliveries, zero, Console())
    courier.run()
    assert courier.error is None
    assert courier.delivered == 3
    assert logs.streams == [{"logGroupName": "group", "logStreamName": "eni-1-all"}]
    assert [[event["message"] for event in events] for _, events in logs.put] == [["a", "b"], ["c"]]
    assert logs.put[1][0] >= zero + 0.2


def test_the_courier_says_what_went_wrong():
    courier = Courier(object(), "group", "eni-1", [Delivery(0.0, 1, "a")], time.time(), Console())
    courier.run()
    assert isinstance(courier.error, AttributeError)
    assert courier.undelivered == 1


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Settle"}}, "Settle"),
        ({"type": "TaskScheduled"}, None),
        ({"type": "ExecutionStarted"}, "ExecutionStarted"),
        (
            {"type": "TaskFailed", "taskFailedEventDetails": {"error": "Denied", "cause": "no"}},
            "  TaskFailed: Denied no",
        ),
        (
            {"type": "TaskTimedOut", "taskTimedOutEventDetails": {"error": "States.Timeout"}},
            "  TaskTimedOut: States.Timeout",
        ),
    ],
)
def test_prints_history_events_in_a_line(event, line):
    assert describe(event) == line


def test_prints_the_time_of_day_and_the_time_since_the_alarm(capsys):
    console = Console()
    at = datetime(2026, 1, 31, 10, 0, 6, 500_000, UTC).timestamp()
    console.event("network", "built", at)
    console.zero = at - 6.5
    console.event("alarm", "-> OK", at)
    console.flush()
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["10:00:06.500", "network", "built"]
    assert second.split() == ["10:00:06.500", "+6.5s", "alarm", "->", "OK"]


def test_prints_events_in_order_although_some_are_heard_of_late(capsys):
    console = Console()
    console.zero = time.time()
    console.event("flow log", "is on", console.zero + 1.0)
    console.event("execution", "StartRecording", console.zero + 0.9)
    console.tick()
    assert capsys.readouterr().out == ""
    console.text("the mail")
    said = [line.split()[2] for line in capsys.readouterr().out.splitlines()[:-1]]
    assert said == ["execution", "flow"]
