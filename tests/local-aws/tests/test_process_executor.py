"""Functions as processes."""

import json
import time

import pytest
from example_lambda import is_running

from localaws.process_executor import Sandbox, kebab_name
from localaws.runtime_api import Invocation


@pytest.mark.parametrize(
    ("deployed", "name"),
    [
        ("natspike-StartRecording-930465a5", "start-recording"),
        ("my-stack-ClearAlarm-AbCdEf012345", "clear-alarm"),
        ("natspike-macros-StringToNumber-54edbd69", "string-to-number"),
        ("natspike-ClaimGateway", "claim-gateway"),
        ("plain", "plain"),
    ],
)
def test_takes_the_name_from_the_logical_id(deployed, name):
    assert kebab_name(deployed) == name


@pytest.fixture
def sandbox(code, tmp_path):
    sandbox = Sandbox(code, {"GREETING": "hello"}, tmp_path / "f.log")
    yield sandbox
    sandbox.stop()


def _invoke(sandbox, event, timeout=10.0):
    deadline = int((time.time() + timeout) * 1000)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    outcome = sandbox.invoke(Invocation("r-1", json.dumps(event).encode(), arn, deadline), timeout)
    return outcome.is_error, json.loads(outcome.payload)


def test_answers_again_and_again_from_one_process(sandbox):
    pids = {_invoke(sandbox, {"n": n})[1]["pid"] for n in range(3)}
    assert len(pids) == 1


def test_gives_the_environment_and_nothing_of_its_own(sandbox, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "someone")
    _, answer = _invoke(sandbox, {})
    assert answer["env"]["GREETING"] == "hello"
    assert answer["env"]["LAMBDA_TASK_ROOT"].endswith("/code")
    assert "AWS_PROFILE" not in answer["env"]
    assert "PYTHONPATH" not in answer["env"]


def test_hands_the_functions_error_on(sandbox):
    assert _invoke(sandbox, {"error": "Denied"}) == (
        True,
        {"errorType": "Denied", "errorMessage": "why"},
    )


def test_says_that_the_process_exited(sandbox):
    is_error, error = _invoke(sandbox, {"exit": 3})
    assert is_error
    assert error["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in error["errorMessage"]
    assert not sandbox.alive


def test_kills_the_process_at_the_timeout(sandbox):
    _, answer = _invoke(sandbox, {})
    is_error, error = _invoke(sandbox, {"sleep": 30}, timeout=0.3)
    assert is_error
    assert error["errorType"] == "Sandbox.Timedout"
    assert not sandbox.alive
    assert not is_running(answer["pid"])


def test_hands_on_why_the_initialization_failed(code, tmp_path):
    sandbox = Sandbox(code, {"FAIL_INIT": "1"}, tmp_path / "f.log")
    assert _invoke(sandbox, {}) == (
        True,
        {"errorType": "Invalid", "errorMessage": "bad settings"},
    )
    sandbox.stop()


def test_leaves_no_process_behind(code, tmp_path):
    sandbox = Sandbox(code, {}, tmp_path / "f.log")
    _, answer = _invoke(sandbox, {})
    assert is_running(answer["pid"])
    sandbox.stop()
    assert not is_running(answer["pid"])


def test_keeps_the_log(sandbox, tmp_path):
    _invoke(sandbox, {"n": 1})
    assert 'got {"n": 1}' in (tmp_path / "f.log").read_text()
