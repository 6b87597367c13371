"""The event of an alarm, in the shape AWS documents."""

import json
from datetime import UTC, datetime

from localaws import alarm_events

ALARM = {
    "AlarmName": "natspike/nat-0a1b2c3d4e5f60718",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:natspike/nat-0a1b2c3d4e5f60718",
    "AlarmDescription": "Traffic is high",
    "StateValue": "ALARM",
    "StateReason": "Threshold Crossed",
    "StateReasonData": '{"version":"1.0"}',
    "StateUpdatedTimestamp": datetime(2026, 1, 31, 10, 0, 0, 985_000, UTC),
    "Metrics": [
        {"Id": "e1", "Expression": "m1 + m2", "Label": "Processed", "ReturnData": True},
        {
            "Id": "m1",
            "ReturnData": False,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/NATGateway",
                    "MetricName": "BytesInFromSource",
                    "Dimensions": [{"Name": "NatGatewayId", "Value": "nat-0a1b2c3d4e5f60718"}],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        },
    ],
}
PREVIOUS = {"value": "OK", "reason": "fine", "timestamp": "2026-01-31T09:00:00.000+0000"}


def test_names_the_alarm_as_its_only_resource():
    entry = alarm_events.entry_for(ALARM, PREVIOUS)
    assert entry["Source"] == "aws.cloudwatch"
    assert entry["DetailType"] == "CloudWatch Alarm State Change"
    assert entry["Resources"] == [ALARM["AlarmArn"]]


def test_says_the_state_and_the_one_before():
    detail = json.loads(alarm_events.entry_for(ALARM, PREVIOUS)["Detail"])
    assert detail["alarmName"] == ALARM["AlarmName"]
    assert detail["previousState"] == PREVIOUS
    assert detail["state"] == {
        "value": "ALARM",
        "reason": "Threshold Crossed",
        "reasonData": '{"version":"1.0"}',
        "timestamp": "2026-01-31T10:00:00.985+0000",
    }


def test_writes_dimensions_as_an_object():
    detail = json.loads(alarm_events.entry_for(ALARM, PREVIOUS)["Detail"])
    assert detail["configuration"] == {
        "description": "Traffic is high",
        "metrics": [
            {"id": "e1", "expression": "m1 + m2", "label": "Processed", "returnData": True},
            {
                "id": "m1",
                "metricStat": {
                    "metric": {
                        "namespace": "AWS/NATGateway",
                        "name": "BytesInFromSource",
                        "dimensions": {"NatGatewayId": "nat-0a1b2c3d4e5f60718"},
                    },
                    "period": 60,
                    "stat": "Sum",
                },
                "returnData": False,
            },
        ],
    }


def test_writes_a_single_metric_in_the_same_shape():
    alarm = {
        "Namespace": "AWS/NATGateway",
        "MetricName": "PeakBytesPerSecond",
        "Dimensions": [{"Name": "NatGatewayId", "Value": "nat-0a1b2c3d4e5f60718"}],
        "Period": 60,
        "Statistic": "Maximum",
    }
    (metric,) = alarm_events.metrics_of(alarm)
    assert metric["metricStat"]["metric"]["name"] == "PeakBytesPerSecond"
    assert metric["metricStat"]["stat"] == "Maximum"


def test_leaves_reason_data_out_when_there_is_none():
    state = alarm_events.state_of({**ALARM, "StateReasonData": None})
    assert "reasonData" not in state
