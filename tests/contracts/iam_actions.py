"""IAM actions of recorded AWS calls.

An action is mostly the service's prefix and the operation. The prefixes and
the actions that a call needs besides stand in the Service Authorization
Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from typing import Any

from rehearsal.journal import Call

# Signing names, as the journal has them, that are not the prefix.
_PREFIXES = {"monitoring": "cloudwatch"}

# What AWS checks inside a call. CreateFlowLogs is always made with tags and a
# role here: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
_INSIDE = {"ec2:CreateFlowLogs": frozenset({"ec2:CreateTags", "iam:PassRole"})}

# Operations that no action is named after; what they need depends on what is in them.
_WITHOUT_ACTION = frozenset(
    f"dynamodb:{operation}"
    for operation in ("TransactWriteItems", "TransactGetItems", "ExecuteStatement")
)

_OWN_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}


class NoAction(Exception):
    """A call whose action is not known; the message says what to do."""


def actions(call: Call) -> frozenset[str]:
    """Every IAM action that a call needs."""
    action = f"{_PREFIXES.get(call.service, call.service)}:{call.operation}"
    if "unknown" in (call.function, call.service) or not call.operation.isalnum():
        raise NoAction(f"{call.line()}: the journal cannot tell who called what; see tests/front")
    if action in _WITHOUT_ACTION:
        raise NoAction(f"{action} has no action of its own; say in iam_actions.py what it needs")
    return frozenset({action}) | _INSIDE.get(action, frozenset())


def made(journals: dict[str, list[Call]]) -> dict[str, dict[str, list[str]]]:
    """Function -> action -> the scenarios in which it was needed."""
    found: dict[str, dict[str, list[str]]] = {}
    for scenario, calls in journals.items():
        for call in calls:
            for action in actions(call):
                scenarios = found.setdefault(call.function, {}).setdefault(action, [])
                if scenario not in scenarios:
                    scenarios.append(scenario)
    return found


def granted(statements: list[dict[str, Any]], own_log: str) -> set[str]:
    """Every action that the statements of a role allow, but for writing its own log."""
    allowed: set[str] = set()
    for statement in statements:
        assert statement["Effect"] == "Allow"
        listed = statement["Action"]
        listed = {listed} if isinstance(listed, str) else set(listed)
        if statement["Resource"] == {"Fn::GetAtt": [own_log, "Arn"]}:
            listed -= _OWN_LOG
        allowed |= listed
    return allowed


def by_lambda(properties: dict[str, Any]) -> set[str]:
    """What Lambda itself does with the role of a function that has a dead-letter queue."""
    queue = properties.get("DeadLetterQueue")
    if queue is None:
        return set()
    return {"sqs:SendMessage"} if queue["Type"] == "SQS" else {"sns:Publish"}


def lacking(function: str, needed: dict[str, list[str]], allowed: set[str]) -> list[str]:
    """What a role does not grant although its function needed it, a sentence each."""
    return [
        f"{function} called {action} in {', '.join(sorted(needed[action]))}, "
        "and its role does not grant it"
        for action in sorted(needed.keys() - allowed)
    ]


def unused(function: str, needed: dict[str, list[str]], allowed: set[str]) -> list[str]:
    """What a role grants although its function never needed it, a sentence each."""
    return [
        f"the role of {function} grants {action}, which it needed in no scenario: "
        "take it away, or add the scenario that needs it"
        for action in sorted(allowed - needed.keys())
    ]
