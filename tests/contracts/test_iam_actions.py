"""From recorded calls to IAM actions."""

import pytest
from iam_actions import NoAction, actions, by_lambda, granted, lacking, made, unused

from rehearsal.journal import Call


def call(service: str, operation: str, function: str = "stop-recording") -> Call:
    return Call(0.0, function, service, operation, 200, None, 1, (), ())


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("dynamodb", "UpdateItem", {"dynamodb:UpdateItem"}),
        ("monitoring", "DescribeAlarms", {"cloudwatch:DescribeAlarms"}),
        (
            "ec2",
            "CreateFlowLogs",
            {"ec2:CreateFlowLogs", "ec2:CreateTags", "iam:PassRole"},
        ),
    ],
)
def test_names_every_action_of_a_call(service: str, operation: str, expected: set[str]) -> None:
    assert actions(call(service, operation)) == expected


@pytest.mark.parametrize(
    "unclear",
    [
        call("lambda", "POST /2015-03-31/functions/x/invocations"),
        call("unknown", "GetItem"),
        call("ec2", "DescribeFlowLogs", function="unknown"),
        call("dynamodb", "TransactWriteItems"),
    ],
)
def test_refuses_calls_whose_action_is_not_known(unclear: Call) -> None:
    with pytest.raises(NoAction):
        actions(unclear)


def test_remembers_who_needed_what_in_which_scenario() -> None:
    calls = [call("ec2", "DeleteFlowLogs"), call("ec2", "DeleteFlowLogs")]
    journals = {"a": calls, "b": [*calls, call("sns", "Publish", "analyze-recording")]}
    assert made(journals) == {
        "stop-recording": {"ec2:DeleteFlowLogs": ["a", "b"]},
        "analyze-recording": {"sns:Publish": ["b"]},
    }


def test_leaves_the_own_log_aside_and_no_other() -> None:
    writing = ["logs:CreateLogStream", "logs:PutLogEvents"]
    own = {"Effect": "Allow", "Action": writing, "Resource": {"Fn::GetAtt": ["OwnLogs", "Arn"]}}
    other = own | {"Resource": {"Fn::GetAtt": ["OtherLogs", "Arn"]}}
    single = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}
    assert granted([own, single], "OwnLogs") == {"sns:Publish"}
    assert granted([own, other], "OwnLogs") == set(writing)


def test_says_what_is_lacking_and_what_is_not_needed() -> None:
    needed = {"ec2:DeleteFlowLogs": ["spike"], "sns:Publish": ["b", "a"]}
    allowed = {"ec2:DeleteFlowLogs", "sqs:SendMessage"}
    [sentence] = lacking("stop-recording", needed, allowed)
    assert sentence.startswith("stop-recording called sns:Publish in a, b, ")
    [sentence] = unused("stop-recording", needed, allowed)
    assert sentence.startswith("the role of stop-recording grants sqs:SendMessage, ")
    both = lacking("f", {"a:B": ["x"]}, {"a:B"}) + unused("f", {"a:B": ["x"]}, {"a:B"})
    assert both == []


def test_knows_what_lambda_itself_does_with_the_role() -> None:
    assert by_lambda({}) == set()
    assert by_lambda({"DeadLetterQueue": {"Type": "SQS"}}) == {"sqs:SendMessage"}
    assert by_lambda({"DeadLetterQueue": {"Type": "SNS"}}) == {"sns:Publish"}
