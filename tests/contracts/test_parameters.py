"""A parameter that cannot work is refused at deploy time."""

from typing import Any

import pytest

from localaws.template_parameters import violation

# Names and defaults of the recorder this one takes over from; None = must be given.
INHERITED = {
    "VPCFlowLogRetentionTimeDays": 7,
    "LambdaLogGroupRetentionTimeDays": 7,
    "EmailAddress": None,
    "NatGatewayIDs": None,
    "SamplingPeriod": 60,
    "EvaluationPeriods": 3,
    "Threshold": "100000000",
    "DatapointsToAlarm": 1,
    "RecordingTime": "900",
    "NumOfRecordings": "0",
}
NEW = {
    "SettleDelay": "600",
    "RecordAfterClear": "0",
    "RecordingsInARow": "1",
    "MissingData": "end",
    "AlarmOn": "sum",
    "AlarmKind": "threshold",
    "AnomalyBand": "4",
    "NatRate": "",
    "LogRate": "",
    "CoverageFloor": "80",
    "RecordingLimit": "20",
    "RecordingLogClass": "STANDARD",
    "SourceLogGroup": "",
    "ChatTopic": "no",
    "Architecture": "arm64",
}

ACCEPTED = {
    "VPCFlowLogRetentionTimeDays": ["1", "7", "30", "3653"],
    "LambdaLogGroupRetentionTimeDays": ["1", "7", "30", "3653"],
    "EmailAddress": ["operator@example.com", "a.b+c@mail.example.org"],
    "NatGatewayIDs": [
        "nat-0123456789abcdef0",
        "nat-0123456789abcdef0,nat-0fedcba9876543210",
        "nat-0123456789abcdef0, nat-0fedcba9876543210",
        " nat-0123456789abcdef0 ,\n nat-0a1b2c3d , ",
        ",nat-0123456789abcdef0,,nat-0fedcba9876543210,",
        "nat-0123456789abcdef0@eu-west-1a",
        "nat-0123456789abcdef0@eu-west-1a+eu-west-1b, nat-0fedcba9876543210",
    ],
    "SamplingPeriod": ["60", "120", "300", "3600"],
    "EvaluationPeriods": ["1", "3", "10"],
    "Threshold": ["1", "100000000", "0.5", "10.0", "00100", "123456789012345678"],
    "DatapointsToAlarm": ["1", "3", "10"],
    "RecordingTime": ["0", "1", "15", "900", "86400", "29999999", "31399999"],
    "NumOfRecordings": ["0", "1", "999999"],
    "SettleDelay": ["0", "1", "10", "600", "99999"],
    "RecordAfterClear": ["0", "1", "600", "99999"],
    "RecordingsInARow": ["1", "10", "999"],
    "MissingData": ["end", "keep"],
    "AlarmOn": ["sum", "upload", "download", "either"],
    "AlarmKind": ["threshold", "anomaly"],
    "AnomalyBand": ["4", "2.5", "0.1", "99", "0.001", "10.125"],
    "NatRate": ["", "0.045", "1", "10", "12.5"],
    "CoverageFloor": ["0", "7", "80", "100"],
    "LogRate": ["", "0.50", "1", "10", "12.5"],
    "RecordingLimit": ["0", "20", "999999"],
    "RecordingLogClass": ["STANDARD", "INFREQUENT_ACCESS"],
    "ChatTopic": ["no", "yes"],
    "SourceLogGroup": ["", "/vpc/flow-logs", "vpc_flow.logs#1"],
    "Architecture": ["arm64", "x86_64"],
}
REFUSED = {
    "VPCFlowLogRetentionTimeDays": ["0", "2", "8", "10000"],
    "LambdaLogGroupRetentionTimeDays": ["0", "2", "8", "10000"],
    "EmailAddress": ["", "operator", "operator@", "a@b", "a b@example.com", "a@b@example.com"],
    "NatGatewayIDs": [
        "",
        ",",
        "nat-123",
        "eni-0123456789abcdef0",
        "nat-0123456789ABCDEF0",
        "nat-0123456789abcdef0 nat-0fedcba9876543210",
        "nat-0123456789abcdef0;nat-0fedcba9876543210",
        "nat-0123456789abcdef0@",
        "nat-0123456789abcdef0@eu-west-1a+",
        "nat-0123456789abcdef0@a+b+c+d+e+f",
        "nat-0123456789abcdef0,eni-0123456789abcdef0",
    ],
    "SamplingPeriod": ["0", "1", "10", "30", "59", "61", "90"],
    "EvaluationPeriods": ["0", "11", "-1", "1.5"],
    "Threshold": ["", "0", "0.0", "00", "-1", "1e8", "12abc", "1,000", "NaN", "1" * 19],
    "DatapointsToAlarm": ["0", "11", "-1"],
    "RecordingTime": ["", "-1", "1.5", "15m", "31400000", "31536000", "100000000"],
    "NumOfRecordings": ["", "-1", "1.5", "1000000"],
    "SettleDelay": ["", "-1", "1.5", "10m", "100000"],
    "RecordAfterClear": ["", "-1", "1.5", "10m", "100000"],
    "RecordingsInARow": ["", "0", "-1", "1000", "1.5"],
    "MissingData": ["", "End", "ignore"],
    "AlarmOn": ["", "both", "BytesInFromSource"],
    "AlarmKind": ["", "dual"],
    "AnomalyBand": ["", "0", "0.0", "100", "-1", "4,5", ".5"],
    "NatRate": ["0", "0.0", "-1", "0,045", "$0.045", ".045", "free"],
    "CoverageFloor": ["", "-1", "101", "080", "80.5", "80 %"],
    "LogRate": ["0", "0.0", "-1", "0,50", "$0.50", ".50", "free"],
    "RecordingLimit": ["", "-1", "1.5", "20GB", "1000000"],
    "RecordingLogClass": ["", "standard", "DELIVERY"],
    "ChatTopic": ["", "Yes", "true", "arn:aws:sns:eu-west-1:123456789012:chat"],
    "SourceLogGroup": ["arn:aws:logs:us-east-1:123456789012:log-group:x", "a b", "x" * 513],
    "Architecture": ["", "x86", "arm"],
}


def test_the_old_parameters_keep_their_names_and_defaults(template: dict[str, Any]) -> None:
    found = {name: given.get("Default") for name, given in template["Parameters"].items()}
    assert found == INHERITED | NEW


def test_what_works_is_accepted(template: dict[str, Any]) -> None:
    assert ACCEPTED.keys() == template["Parameters"].keys()
    for name, values in ACCEPTED.items():
        for value in values:
            assert violation(name, template["Parameters"][name], value) is None, (name, value)


def test_what_cannot_work_is_refused(template: dict[str, Any]) -> None:
    assert REFUSED.keys() == template["Parameters"].keys()
    for name, values in REFUSED.items():
        for value in values:
            assert violation(name, template["Parameters"][name], value), (name, value)


def test_every_refusal_says_what_would_work(template: dict[str, Any]) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["ConstraintDescription"].startswith("must be "), name


def asserted(node: Any, values: dict[str, str]) -> Any:
    """The value of an assertion of the Rules section."""
    if isinstance(node, list):
        return [asserted(entry, values) for entry in node]
    if not isinstance(node, dict):
        return node
    [(function, arguments)] = node.items()
    if function == "Ref":
        return values[arguments]
    first, *rest = asserted(arguments, values)
    match function:
        case "Fn::Not":
            return not first
        case "Fn::Or":
            return first or any(rest)
        case "Fn::Equals":
            return first == rest[0]
        case "Fn::Contains":
            return rest[0] in first
    raise AssertionError(f"{function} is not evaluated here")


@pytest.mark.parametrize("periods", range(1, 11))
def test_m_of_n_needs_m_no_greater_than_n(template: dict[str, Any], periods: int) -> None:
    assertions = template["Rules"]["DatapointsWithinPeriods"]["Assertions"]
    for datapoints in range(1, 11):
        values = {"EvaluationPeriods": str(periods), "DatapointsToAlarm": str(datapoints)}
        refusals = [a for a in assertions if not asserted(a["Assert"], values)]
        assert bool(refusals) == (datapoints > periods), values
        for refusal in refusals:
            assert f"of {periods} period" in refusal["AssertDescription"]


def test_every_parameter_is_shown_with_a_label_in_a_group(template: dict[str, Any]) -> None:
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    assert interface["ParameterLabels"].keys() == template["Parameters"].keys()
