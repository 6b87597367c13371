"""The state machine keeps its promises on every path."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

RETRIED = {
    "Throttled",
    "Unavailable",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
}
PATIENCE = {
    "IntervalSeconds": 2,
    "BackoffRate": 2,
    "MaxAttempts": 6,
    "MaxDelaySeconds": 60,
    "JitterStrategy": "FULL",
}
# The flow log waits for the snapshot, and there is a recording without it.
HASTE = {"IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 1}
# The states in which a flow log may exist and nothing has deleted it yet.
FLOW_LOG_MAY_EXIST = [
    "StartRecording",
    "AwaitClearance",
    "RecordingTimeOver",
    "Linger",
    "ResumeRecording",
    "StopRecording",
]

Edge = tuple[str, str]


def tasks(workflow: dict[str, Any]) -> dict[str, Any]:
    return {name: s for name, s in workflow["States"].items() if s["Type"] == "Task"}


def mails(workflow: dict[str, Any]) -> dict[str, Any]:
    return {
        name: state
        for name, state in tasks(workflow).items()
        if state["Resource"] == "${SnsPublish}"
    }


def steps(state: dict[str, Any]) -> Iterator[str]:
    """Every state that can follow a state."""
    yield from (state[key] for key in ("Next", "Default") if key in state)
    yield from (branch["Next"] for key in ("Choices", "Catch") for branch in state.get(key, []))


def reachable(workflow: dict[str, Any], start: str, without: set[Edge] = frozenset()) -> set[str]:
    """Every state reachable from a state when some edges are taken out."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [n for n in steps(workflow["States"][name]) if (name, n) not in without]
    return seen


def terminal(workflow: dict[str, Any]) -> set[str]:
    return {n for n, s in workflow["States"].items() if s["Type"] in ("Succeed", "Fail")}


def test_every_state_is_reachable(workflow: dict[str, Any]) -> None:
    assert reachable(workflow, workflow["StartAt"]) == workflow["States"].keys()


def test_every_substitution_is_given_by_the_template_and_used(
    workflow: dict[str, Any], template: dict[str, Any]
) -> None:
    used = set(re.findall(r"\$\{(\w+)\}", json.dumps(workflow)))
    given = template["Resources"]["Recorder"]["Properties"]["DefinitionSubstitutions"]
    assert used == given.keys()


def test_substitutions_stand_inside_texts_only(workflow: dict[str, Any]) -> None:
    assert "arn:" not in json.dumps(workflow)
    resources = {state["Resource"] for state in tasks(workflow).values()}
    assert resources == {
        "${LambdaInvoke}",
        "${LambdaInvokeWaitForTaskToken}",
        "${SnsPublish}",
        "${StatesStartExecution}",
    }


def test_every_task_has_a_timeout_a_retry_and_a_last_catch(workflow: dict[str, Any]) -> None:
    for name, state in tasks(workflow).items():
        assert ("TimeoutSeconds" in state) != ("TimeoutSecondsPath" in state), name
        [retry] = state["Retry"]
        errors = RETRIED if "FunctionName" in state["Parameters"] else {"States.ALL"}
        assert set(retry["ErrorEquals"]) == errors, name
        how = HASTE if name == "TakeSnapshot" else PATIENCE
        assert {k: v for k, v in retry.items() if k != "ErrorEquals"} == how, name
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


def test_a_task_waits_longer_than_its_function(
    workflow: dict[str, Any], template: dict[str, Any]
) -> None:
    for name, state in tasks(workflow).items():
        if "TimeoutSeconds" in state and "FunctionName" in state["Parameters"]:
            function = re.fullmatch(r"\$\{(\w+)Arn\}", state["Parameters"]["FunctionName"])
            assert function, name
            properties = template["Resources"][function[1]]["Properties"]
            assert state["TimeoutSeconds"] > properties["Timeout"], name


@pytest.mark.parametrize("name", FLOW_LOG_MAY_EXIST)
def test_no_end_is_reached_before_the_flow_log_is_deleted(
    workflow: dict[str, Any], name: str
) -> None:
    # The two ways to know that it is gone: StopRecording or CleanUp succeeded. A CleanUp
    # that fails is the one way on, and it ends in the mail that asks a person.
    deleted = {("StopRecording", "StillOn"), ("CleanUp", "ExplainFailure")}
    assert not reachable(workflow, name, without=deleted) & terminal(workflow)


def test_every_failure_while_a_flow_log_may_exist_goes_straight_to_the_clean_up(
    workflow: dict[str, Any],
) -> None:
    for name in FLOW_LOG_MAY_EXIST:
        for catch in workflow["States"][name].get("Catch", []):
            if catch["ErrorEquals"] == ["States.Timeout"]:
                assert (name, catch["Next"]) == ("AwaitClearance", "RecordingTimeOver")
            else:
                assert catch["Next"] == "CleanUp", name


def test_the_clean_up_needs_nothing_but_the_claim(workflow: dict[str, Any]) -> None:
    clean_up = workflow["States"]["CleanUp"]
    assert clean_up["Parameters"]["Payload"] == {"claim.$": "$.claim"}
    stop = workflow["States"]["StopRecording"]["Parameters"]
    assert clean_up["Parameters"]["FunctionName"] == stop["FunctionName"]


def test_every_failure_is_mailed_before_it_ends(workflow: dict[str, Any]) -> None:
    catches = [
        (name, catch["Next"])
        for name, state in tasks(workflow).items()
        # That no further recording can be started, or no snapshot be taken, spoils
        # nothing of this one.
        if name not in mails(workflow) and name not in ("RecordAgain", "TakeSnapshot")
        for catch in state["Catch"]
        if catch["ErrorEquals"] == ["States.ALL"]
    ]
    assert catches
    silenced = {(name, "Failed") for name in mails(workflow)}
    for _, start in catches:
        assert not reachable(workflow, start, without=silenced) & terminal(workflow)


def test_a_recording_begins_whatever_comes_of_the_snapshot(workflow: dict[str, Any]) -> None:
    snapshot, none = workflow["States"]["TakeSnapshot"], workflow["States"]["NoSnapshot"]
    assert snapshot["Next"] == none["Next"] == "StartRecording"
    assert [catch["Next"] for catch in snapshot["Catch"]] == ["NoSnapshot"]


def test_each_failure_ends_in_the_mail_that_tells_it(workflow: dict[str, Any]) -> None:
    cases = {
        "WordClaimFailure": {"failure"},
        "WordFailure": {"failure", "claim", "cleanup"},
        "WordLeftover": {"failure", "claim", "leftover"},
        "WordAnalysisFailure": {"failure", "claim", "snapshot", "recording", "ending", "stop"},
    }
    choice = workflow["States"]["ChooseMail"]
    for expected, document in cases.items():

        def holds(rule: dict[str, Any], known: set[str] = document) -> bool:
            if "Not" in rule:
                return not holds(rule["Not"])
            return (rule["Variable"].removeprefix("$.") in known) == rule["IsPresent"]

        taken = [rule["Next"] for rule in choice["Choices"] if holds(rule)]
        assert (taken or [choice["Default"]])[0] == expected


def test_another_recording_begins_only_while_the_alarm_is_on_and_within_the_bound(
    workflow: dict[str, Any],
) -> None:
    [again] = workflow["States"]["StillOn"]["Choices"]
    assert again["Next"] == "RecordAgain"
    assert again["And"] == [
        {"Variable": "$.ending.reason", "StringEquals": "time"},
        {"Variable": "$.stop.alarm_is_on", "BooleanEquals": True},
        {"Variable": "$.claim.round", "NumericLessThanPath": "$.claim.rounds"},
    ]
    task = workflow["States"]["RecordAgain"]
    assert task["Parameters"]["Name.$"] == "$.claim.next_execution"
    assert task["Parameters"]["Input"] == {
        "event.$": "$$.Execution.Input.event",
        "round.$": "$.claim.next_round",
    }
    assert {task["Next"], *(catch["Next"] for catch in task["Catch"])} == {"Settle"}


def test_a_recording_that_went_well_is_reported_once(workflow: dict[str, Any]) -> None:
    failed = {
        (name, catch["Next"])
        for name, state in tasks(workflow).items()
        for catch in state["Catch"]
        if catch["ErrorEquals"] == ["States.ALL"] and name not in ("RecordAgain", "TakeSnapshot")
    }
    well = reachable(workflow, workflow["StartAt"], without=failed)
    assert well & terminal(workflow) == {"NotRecorded", "Recorded"}
    assert not well & mails(workflow).keys()


def test_mails_fit_their_limits(workflow: dict[str, Any]) -> None:
    for name, state in mails(workflow).items():
        parameters = state["Parameters"]
        subject = parameters.get("Subject") or parameters["Subject.$"].split("'")[1]
        assert len(subject.replace("{}", "nat-0123456789abcdef0")) < 100, name

        text = workflow["States"][name.replace("Mail", "Word")]["Result"]["text"]
        arguments = parameters["Message.$"].removeprefix("States.Format($.mail.text, ")
        assert text.count("{}") == arguments.count("$."), name
        for line in text.replace("{}", "nat-0123456789abcdef0").splitlines():
            assert len(line) <= 72 or line.startswith(("aws ", "natspike ")), line


def test_the_leftover_mail_gives_the_commands_that_find_and_delete(
    workflow: dict[str, Any],
) -> None:
    text = workflow["States"]["WordLeftover"]["Result"]["text"]
    assert (
        "aws ec2 describe-flow-logs --region {} --filter Name=tag:natspike:stack,"
        "Values=${StackName} Name=tag:natspike:execution,Values={}" in text
    )
    assert "aws ec2 delete-flow-logs --region {} --flow-log-ids IDS" in text
