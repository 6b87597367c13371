"""Every role may do what its function does, and nothing more."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lint.cloudformation import REPOSITORY, TEMPLATE

CALLS = tomllib.loads((Path(__file__).parent / "aws-calls.toml").read_text(encoding="utf-8"))
FLOW_LOGS = {"Fn::Sub": "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:vpc-flow-log/*"}
THIS_STACK = {"Ref": "AWS::StackName"}


def logical_id(function: str) -> str:
    return "".join(word.capitalize() for word in function.split("-"))


def statements(template: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """All statements of a role, also those that a policy of its own adds."""
    resources = template["Resources"]
    policies = list(resources[role]["Properties"].get("Policies", []))
    policies += [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::IAM::Policy"
        and {"Ref": role} in resource["Properties"]["Roles"]
    ]
    assert "ManagedPolicyArns" not in resources[role]["Properties"]
    return [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]


def statement(template: dict[str, Any], role: str, action: str) -> list[dict[str, Any]]:
    return [s for s in statements(template, role) if action in s["Action"]]


@pytest.mark.parametrize("function", CALLS)
def test_a_function_may_do_exactly_its_calls(template: dict[str, Any], function: str) -> None:
    name = logical_id(function)
    allowed = set()
    for granted in statements(template, f"{name}Role"):
        assert granted["Effect"] == "Allow"
        if granted["Resource"] == {"Fn::GetAtt": [f"{name}Logs", "Arn"]}:
            assert granted["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        elif granted["Resource"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}:
            # Lambda itself sends there with the function's role.
            assert granted["Action"] == ["sqs:SendMessage"]
            assert "DeadLetterQueue" in template["Resources"][name]["Properties"]
        else:
            allowed.update(granted["Action"])
    assert allowed == {*CALLS[function]["calls"], *CALLS[function]["grants"]}


@pytest.mark.parametrize("function", CALLS)
def test_a_function_gets_exactly_its_environment(template: dict[str, Any], function: str) -> None:
    properties = template["Resources"][logical_id(function)]["Properties"]
    assert sorted(properties["Environment"]["Variables"]) == CALLS[function]["environment"]
    main = REPOSITORY / "functions" / function / "src" / "main.rs"
    read = re.findall(r'"(NATSPIKE_[A-Z_]+)"', main.read_text(encoding="utf-8"))
    assert sorted(read) == CALLS[function]["environment"]


def test_every_function_has_a_list_and_a_role_of_its_own(template: dict[str, Any]) -> None:
    functions = {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    assert functions.keys() == {logical_id(function) for function in CALLS}
    for name, properties in functions.items():
        assert properties["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        assert properties["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}


def test_only_flow_logs_of_this_stack_can_be_made_and_deleted(template: dict[str, Any]) -> None:
    tagged, recorded = statement(template, "StartRecordingRole", "ec2:CreateFlowLogs")
    assert tagged["Resource"] == FLOW_LOGS
    assert tagged["Condition"] == {"StringEquals": {"aws:RequestTag/natspike:stack": THIS_STACK}}
    assert FLOW_LOGS not in recorded["Resource"]

    [tags] = statement(template, "StartRecordingRole", "ec2:CreateTags")
    assert tags["Resource"] == FLOW_LOGS
    assert tags["Condition"] == {"StringEquals": {"ec2:CreateAction": "CreateFlowLogs"}}

    for role in ("StartRecordingRole", "StopRecordingRole", "SweepRecordingsRole"):
        [delete] = statement(template, role, "ec2:DeleteFlowLogs")
        assert delete["Resource"] == FLOW_LOGS
        own = {"StringEquals": {"aws:ResourceTag/natspike:stack": THIS_STACK}}
        assert delete["Condition"] == own


def test_the_flow_log_role_can_be_passed_to_flow_logs_only(template: dict[str, Any]) -> None:
    [passed] = statement(template, "StartRecordingRole", "iam:PassRole")
    assert passed["Resource"] == {"Fn::GetAtt": ["FlowLogRole", "Arn"]}
    assert passed["Condition"] == {
        "StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}
    }


def test_flow_logs_may_write_the_recording_and_nothing_else(template: dict[str, Any]) -> None:
    [deliver] = statements(template, "FlowLogRole")
    assert deliver["Action"] == [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ]
    assert deliver["Resource"] == {"Fn::GetAtt": ["RecordingLogGroup", "Arn"]}
    trust = template["Resources"]["FlowLogRole"]["Properties"]["AssumeRolePolicyDocument"]
    [trusted] = trust["Statement"]
    assert trusted["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trusted["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
        "ArnLike": {"aws:SourceArn": FLOW_LOGS},
    }


def test_the_workflow_may_invoke_its_functions_and_publish_to_its_topic(
    template: dict[str, Any], workflow: dict[str, Any]
) -> None:
    invoked = {
        state["Parameters"]["FunctionName"].removeprefix("${").removesuffix("Arn}")
        for state in workflow["States"].values()
        if "FunctionName" in state.get("Parameters", {})
    }
    [invoke] = statement(template, "RecorderRole", "lambda:InvokeFunction")
    assert {resource["Fn::GetAtt"][0] for resource in invoke["Resource"]} == invoked
    [publish] = statement(template, "RecorderRole", "sns:Publish")
    assert publish["Resource"] == {"Ref": "ReportTopic"}


def test_a_chat_is_told_only_where_one_is_wanted(template: dict[str, Any]) -> None:
    wanted = {"Fn::If": ["HasChatTopic", {"Ref": "ChatReportTopic"}, {"Ref": "AWS::NoValue"}]}
    [publish] = statement(template, "AnalyzeRecordingRole", "sns:Publish")
    assert publish["Resource"] == [{"Ref": "ReportTopic"}, wanted]
    assert template["Resources"]["ChatReportTopic"]["Condition"] == "HasChatTopic"
    assert template["Outputs"]["ChatTopicArn"]["Condition"] == "HasChatTopic"


def test_what_is_kept_is_encrypted(template: dict[str, Any]) -> None:
    """Tables and log groups are so without being asked."""
    resources = template["Resources"]
    for topic in ("ReportTopic", "ChatReportTopic"):
        assert resources[topic]["Properties"]["KmsMasterKeyId"] == "alias/aws/sns"
    assert resources["DeadLetters"]["Properties"]["SqsManagedSseEnabled"] is True
    bucket = resources["RecordingBucket"]["Properties"]
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    # CloudWatch cannot publish to a topic that AWS's own key encrypts.
    actions = [
        r["Properties"].get("AlarmActions", [])
        for r in resources.values()
        if r["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert {"Ref": "ReportTopic"} not in [action for listed in actions for action in listed]


def test_every_star_is_explained() -> None:
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    stars = [number for number, line in enumerate(lines) if line.strip() == "Resource: '*'"]
    assert len(stars) == 6
    for number in stars:
        start = max(n for n in range(number) if lines[n].strip() == "- Effect: Allow")
        assert lines[start - 1].strip().startswith("#"), f"line {number + 1} has no reason"
