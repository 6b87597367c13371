"""Scenario files and their times."""

from pathlib import Path

import pytest

from rehearsal import duration, scenario

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m", 360), ("60s", 60), ("0m", 0), ("1h30m", 5400), ("4m30s", 270), (90, 90), (1.5, 1.5)],
)
def test_reads_spans_of_time(text, seconds):
    assert duration.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "m", "6 parsecs", -1, True, None])
def test_refuses_what_is_no_span_of_time(text):
    with pytest.raises(ValueError):
        duration.seconds(text)


@pytest.mark.parametrize(
    "path",
    sorted([*SCENARIOS.glob("*.toml"), *SCENARIOS.glob("meanwhile/*.toml")]),
    ids=lambda path: path.stem,
)
def test_reads_every_scenario_of_the_project(path):
    read = scenario.read(path)
    assert read.title
    assert read.mail in scenario.MAILS


def _read(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_text(text)
    return scenario.read(path)


def test_divides_times_by_the_speed_but_never_to_nothing(tmp_path):
    stack = "[stack]\nRecordingTime = 900\nSettleDelay = 20\nNumOfRecordings = 3\n"
    assert _read(tmp_path, stack).stack_parameters(60.0) == {
        "RecordingTime": "15",
        "SettleDelay": "1",
        "NumOfRecordings": "3",
    }


def test_leaves_a_recording_time_of_0_alone(tmp_path):
    read = _read(tmp_path, "[stack]\nRecordingTime = 0\n")
    assert read.stack_parameters(60.0) == {"RecordingTime": "0"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title =", "is not TOML"),
        ('[expect]\nmail = "postcard"', "must be one of report, failure"),
        ("[gateway]\nregional = true", "no regional NAT gateways"),
        ('[alarm]\nclears = "soon"', "is not a span of time"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path, text, why):
    with pytest.raises(scenario.BadScenario, match=why):
        _read(tmp_path, text)


def test_says_that_there_is_no_file(tmp_path):
    with pytest.raises(scenario.BadScenario, match="cannot read scenario"):
        scenario.read(tmp_path / "none.toml")


def test_an_execution_that_waits_late_is_held_until_the_alarm_cleared(tmp_path):
    fault = '[[fault]]\nkind = "throttled"\n'
    throttled, race = _read(tmp_path, fault + "[meanwhile]\nwaits_late = true").rules
    assert throttled == {"kind": "throttled"}
    assert (race["kind"], race["until"]["function"]) == ("held", "clear-alarm")
    assert _read(tmp_path, fault).rules == (throttled,)


def test_a_scenario_can_play_another_ones_traffic(tmp_path):
    base = tmp_path / "base.toml"
    base.write_text('title = "a"\n[stack]\nRecordingTime = 900\n[alarm]\nclears = "6m"')
    (tmp_path / "below").mkdir()
    other = tmp_path / "below" / "other.toml"
    changes = '[stack]\nRecordAfterClear = 120\n[meanwhile]\nstopped = "1m"\nleft_behind = true'
    other.write_text(f'title = "b"\nplays = "../base.toml"\n{changes}')
    read = scenario.read(other)
    assert (read.title, read.path, read.traffic) == ("b", other, base)
    assert (read.clears, read.stopped, read.left_behind) == (360, 60, True)
    assert read.stack_parameters(60.0) == {"RecordingTime": "15", "RecordAfterClear": "2"}
    assert scenario.read(base).traffic == base
