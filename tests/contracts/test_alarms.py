"""The alarms of a stack start and end recordings of this stack, and of no other."""

import json
import re
from typing import Any

import pytest

from lint import macros

GATEWAY = "nat-0123456789abcdef0"
STATES = {"RaiseRule": {"ALARM"}, "ClearRule": {"OK", "INSUFFICIENT_DATA"}}


def alarm_event(alarm: str, state: str) -> dict[str, Any]:
    """The parts of an alarm's event that rules look at."""
    return {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": [f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{alarm}"],
        "detail": {"alarmName": alarm, "state": {"value": state}},
    }


def resolved(node: Any, stack: str, *, missing_data_ends: bool = True) -> Any:
    """A pattern with the values of a stack in the place of its functions."""
    if isinstance(node, list):
        return [resolved(entry, stack, missing_data_ends=missing_data_ends) for entry in node]
    if not isinstance(node, dict):
        return node
    if "Fn::If" in node:
        condition, ends, keeps = node["Fn::If"]
        assert condition == "MissingDataEnds"
        return ends if missing_data_ends else keeps
    if "Fn::Sub" in node:
        pseudo = {
            "Partition": "aws",
            "Region": "eu-west-1",
            "AccountId": "123456789012",
            "StackName": stack,
        }
        return re.sub(r"\$\{AWS::(\w+)\}", lambda match: pseudo[match[1]], node["Fn::Sub"])
    return {
        key: resolved(value, stack, missing_data_ends=missing_data_ends)
        for key, value in node.items()
    }


def chosen(node: Any, conditions: frozenset[str] | set[str] = frozenset()) -> Any:
    """A value with the branch of every Fn::If that these conditions choose."""
    conditions = set(conditions)
    nothing = {"Ref": "AWS::NoValue"}
    if isinstance(node, list):
        entries = [chosen(entry, conditions) for entry in node]
        return [entry for entry in entries if entry != nothing]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Fn::If"}:
        condition, then, otherwise = node["Fn::If"]
        if condition == "MissingDataEnds":
            return chosen(then, conditions)
        return chosen(then if condition in conditions else otherwise, conditions)
    values = {key: chosen(value, conditions) for key, value in node.items()}
    return {key: value for key, value in values.items() if value != nothing}


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """EventBridge's matching, as far as these patterns use it."""
    for key, wanted in pattern.items():
        found = event.get(key)
        if isinstance(wanted, dict):
            if not matches(wanted, found or {}):
                return False
            continue
        texts = found if isinstance(found, list) else [found]
        if not any(
            text.startswith(one["prefix"]) if isinstance(one, dict) else text == one
            for one in wanted
            for text in texts
        ):
            return False
    return True


@pytest.mark.parametrize("rule", STATES)
def test_a_rule_takes_the_alarms_of_its_own_stack_only(template: dict[str, Any], rule: str) -> None:
    pattern = template["Resources"][rule]["Properties"]["EventPattern"]
    state = min(STATES[rule])
    for stack in ("natspike", "natspike2", "natspike-2", "spike"):
        rule_of_stack = resolved(pattern, stack)
        for alarm_of in ("natspike", "natspike2", "natspike-2", "spike", "x"):
            name = f"{alarm_of}/{GATEWAY}"
            taken = matches(rule_of_stack, alarm_event(name, state))
            assert taken == (alarm_of == stack), (stack, name)
        for name in (stack, f"{stack}/", f"{stack}/other", f"x/{stack}/{GATEWAY}"):
            assert not matches(rule_of_stack, alarm_event(name, state)), name


@pytest.mark.parametrize("rule", STATES)
def test_a_rule_takes_its_own_states_only(template: dict[str, Any], rule: str) -> None:
    pattern = resolved(template["Resources"][rule]["Properties"]["EventPattern"], "natspike")
    for state in ("ALARM", "OK", "INSUFFICIENT_DATA"):
        event = alarm_event(f"natspike/{GATEWAY}", state)
        assert matches(pattern, event) == (state in STATES[rule]), state
    if rule == "ClearRule":
        pattern = resolved(
            template["Resources"][rule]["Properties"]["EventPattern"],
            "natspike",
            missing_data_ends=False,
        )
        for state in ("ALARM", "OK", "INSUFFICIENT_DATA"):
            event = alarm_event(f"natspike/{GATEWAY}", state)
            assert matches(pattern, event) == (state == "OK"), state
    foreign = alarm_event(f"natspike/{GATEWAY}", min(STATES[rule])) | {"source": "example.app"}
    assert not matches(pattern, foreign)


def test_every_gateway_gets_its_own_alarm(
    expanded: dict[str, Any], template: dict[str, Any], gateways: list[str]
) -> None:
    alarms = {
        name: resource
        for name, resource in expanded["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and name.startswith("SpikeAlarm")
    }
    assert list(alarms) == [f"SpikeAlarm{gateway.replace('nat-', 'Nat')}" for gateway in gateways]
    for gateway, alarm in zip(gateways, alarms.values(), strict=True):
        assert "Metadata" not in alarm
        properties = alarm["Properties"]
        assert properties["AlarmName"] == {"Fn::Sub": f"${{AWS::StackName}}/{gateway}"}
        properties = chosen(properties)
        assert properties["Threshold"] == 123456789
        assert properties["ComparisonOperator"] == "GreaterThanThreshold"
        assert "ThresholdMetricId" not in properties
        assert properties["TreatMissingData"] == "notBreaching"
        expression, *inputs = properties["Metrics"]
        assert (expression["Expression"], expression["ReturnData"]) == ("m1 + m2", True)
        for metric, name in zip(
            inputs, ("BytesInFromSource", "BytesInFromDestination"), strict=True
        ):
            stat = metric["MetricStat"]
            assert stat["Stat"] == "Sum"
            assert stat["Period"] == {"Ref": "SamplingPeriod"}
            assert stat["Metric"] == {
                "Namespace": "AWS/NATGateway",
                "MetricName": name,
                "Dimensions": [{"Name": "NatGatewayId", "Value": gateway}],
            }
    for name, resource in template["Resources"].items():
        if name not in ("SpikeAlarm", "AnomalyAlarm"):
            assert expanded["Resources"][name] == resource


@pytest.mark.parametrize(
    ("on", "zonal", "regional"),
    [
        (None, "m1 + m2", "(FILL(m1z1, 0) + FILL(m1z2, 0)) + (FILL(m2z1, 0) + FILL(m2z2, 0))"),
        ("OnUpload", "m1", "(FILL(m1z1, 0) + FILL(m1z2, 0))"),
        ("OnDownload", "m2", "(FILL(m2z1, 0) + FILL(m2z2, 0))"),
        (
            "OnEither",
            "MAX([m1, m2])",
            "MAX([(FILL(m1z1, 0) + FILL(m1z2, 0)), (FILL(m2z1, 0) + FILL(m2z2, 0))])",
        ),
    ],
)
@pytest.mark.parametrize("anomaly", [False, True])
def test_an_alarm_looks_at_what_was_asked_for(
    template: dict[str, Any],
    values: dict[str, str],
    on: str | None,
    zonal: str,
    regional: str,
    anomaly: bool,  # noqa: FBT001
) -> None:
    ids = "nat-0123456789abcdef0, nat-0fedcba9876543210@eu-west-1a+eu-west-1b"
    resources = macros.expand(template, values | {"NatGatewayIDs": ids})["Resources"]
    conditions = {on} - {None}
    kind = "AnomalyAlarm" if anomaly else "SpikeAlarm"
    for gateway, expected in (("0123456789abcdef0", zonal), ("0fedcba9876543210", regional)):
        alarm = resources[f"{kind}Nat{gateway}"]
        assert alarm["Condition"] == ("SpikeIsAnomaly" if anomaly else "SpikeIsThreshold")
        properties = chosen(alarm["Properties"], conditions)
        metrics = {metric["Id"]: metric for metric in properties["Metrics"]}
        assert metrics["e1"]["Expression"] == expected
        assert metrics["e1"]["ReturnData"]
        used = set(re.findall(r"m\d(?:z\d)?", expected))
        stats = {name: m["MetricStat"] for name, m in metrics.items() if "MetricStat" in m}
        assert used <= stats.keys()
        assert len(stats) + 2 <= 12
        for name, stat in stats.items():
            dimensions = {d["Name"]: d["Value"] for d in stat["Metric"]["Dimensions"]}
            zone = {"z1": "eu-west-1a", "z2": "eu-west-1b"}.get(name[2:])
            assert dimensions.pop("NatGatewayId") == f"nat-{gateway}"
            assert dimensions == ({"AvailabilityZone": zone} if zone else {})
        if anomaly:
            band = metrics["ad1"]["Expression"]
            assert band == {"Fn::Sub": "ANOMALY_DETECTION_BAND(e1, ${AnomalyBand})"}
            assert properties["ComparisonOperator"] == "GreaterThanUpperThreshold"
            assert properties["ThresholdMetricId"] == "ad1"
            assert "Threshold" not in properties
        else:
            assert "ad1" not in metrics


def test_the_macros_agree_whichever_runs_first(
    template: dict[str, Any], expanded: dict[str, Any], values: dict[str, str]
) -> None:
    assert macros.inner(macros.outer(template, values), values) == expanded


def test_no_alarm_exists_before_what_it_sets_in_motion(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    for alarm in ("SpikeAlarm", "AnomalyAlarm"):
        assert set(resources[alarm]["DependsOn"]) == {
            "ClearPermission",
            "ClearRule",
            "MailSubscription",
            "RaisePermission",
            "RaiseRule",
            "Recordings",
        }
    for rule in STATES:
        assert resources[rule]["DependsOn"] == ["ExecutionPolicy", "Recordings"]


def test_a_stack_ends_its_recordings_after_its_rules_and_before_the_rest(
    template: dict[str, Any],
) -> None:
    resources = template["Resources"]

    def needs(name: str) -> set[str]:
        """Everything that is made before a resource, so is deleted after it."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            resource = json.dumps(resources[waiting.pop()])
            names = {other for other in resources if f'"{other}"' in resource} | {
                other for other in resources if f"${{{other}" in resource
            }
            waiting += names - found
            found |= names
        return found - {name}

    needed = needs("Recordings")
    kept_until_then = {
        "DeadLetters",
        "ExecutionPolicy",
        "FlowLogRole",
        "GatewayTable",
        "Recorder",
        "RecordingLogGroup",
        "SweepPolicy",
        "SweepRecordings",
        "SweepRecordingsRole",
    }
    assert kept_until_then <= needed
    starts = {"SpikeAlarm", "AnomalyAlarm", "RaiseRule", "ClearRule", "SweepRule", "SweepSchedule"}
    assert not starts & needed
    for name in starts:
        assert "Recordings" in needs(name), name


def test_the_dead_letters_alarm_is_no_gateway_s(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    name = resolved(resources["DeadLetterAlarm"]["Properties"]["AlarmName"], "natspike")
    for rule in STATES:
        pattern = resolved(resources[rule]["Properties"]["EventPattern"], "natspike")
        for state in STATES[rule]:
            assert not matches(pattern, alarm_event(name, state))
    assert resources["DeadLetterAlarm"]["Properties"]["AlarmActions"] == [{"Ref": "TroubleTopic"}]


def test_nothing_that_is_not_handled_is_lost(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    queue = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    rules = {n: r for n, r in resources.items() if r["Type"] == "AWS::Events::Rule"}
    for name, rule in rules.items():
        [target] = rule["Properties"]["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": queue}, name
        function = target["Arn"]["Fn::GetAtt"][0]
        letters = resources[function]["Properties"]["DeadLetterQueue"]
        assert letters == {"Type": "SQS", "TargetArn": queue}, function
    [allowed] = resources["DeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    sources = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert {source["Fn::GetAtt"][0] for source in sources} == rules.keys()
