"""The state machine hands over what the Lambdas expect, and keeps what they give."""

import re
from typing import Any

import pytest

from lint.cloudformation import REPOSITORY

# State -> the payload types of crates/recorder that go in and come out.
STEPS = {
    "ClaimGateway": ("ClaimGateway", "Claim"),
    "TakeSnapshot": ("TakeSnapshot", "SnapshotTaken"),
    "StartRecording": ("StartRecording", "Recording"),
    "AwaitClearance": ("AwaitClearance", "Ending"),
    "StopRecording": ("StopRecording", "Stop"),
    "AnalyzeRecording": ("AnalyzeRecording", "Reported"),
    "CleanUp": ("StopRecording", "Stop"),
}


def fields(type_name: str, optional: bool = True) -> set[str]:
    """The fields of a payload type; without the optional ones if so asked."""
    source = (REPOSITORY / "crates" / "recorder" / "src" / "payload.rs").read_text(encoding="utf-8")
    body = re.search(rf"pub struct {type_name} \{{(.*?)\n\}}", source, re.DOTALL)
    assert body, f"no payload type {type_name}"
    found = re.findall(r"((?:#\[serde\(default[^\n]*\n\s*)?)pub (\w+):", body[1])
    return {name for default, name in found if optional or not default}


def selected(selector: dict[str, str]) -> set[str]:
    for key, path in selector.items():
        assert path.split(".")[-1] == key.removesuffix(".$"), path
    return {key.removesuffix(".$") for key in selector}


@pytest.mark.parametrize("state", STEPS)
def test_a_lambda_gets_the_fields_it_expects(workflow: dict[str, Any], state: str) -> None:
    expected, _ = STEPS[state]
    payload = workflow["States"][state]["Parameters"]["Payload"]
    given = {key.removesuffix(".$") for key in payload}
    assert fields(expected, optional=False) <= given <= fields(expected)
    if "settings" in payload:
        assert payload["settings"].keys() == fields("Settings")


@pytest.mark.parametrize("state", STEPS)
def test_every_field_a_lambda_gives_is_kept(workflow: dict[str, Any], state: str) -> None:
    _, given = STEPS[state]
    selector = workflow["States"][state]["ResultSelector"]
    assert selected(selector.get("claim", selector)) == fields(given)


def test_a_recording_that_runs_out_of_time_has_an_ending(workflow: dict[str, Any]) -> None:
    over = workflow["States"]["RecordingTimeOver"]
    assert over["ResultPath"] == workflow["States"]["AwaitClearance"]["ResultPath"]
    assert fields("Ending", optional=False) <= over["Result"].keys() <= fields("Ending")


def test_a_recording_without_a_snapshot_has_the_same_fields(workflow: dict[str, Any]) -> None:
    none = workflow["States"]["NoSnapshot"]
    assert none["ResultPath"] == workflow["States"]["TakeSnapshot"]["ResultPath"]
    given = {key.removesuffix(".$") for key in none["Parameters"]}
    assert given == fields("SnapshotTaken")
