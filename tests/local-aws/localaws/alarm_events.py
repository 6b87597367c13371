"""Sends the EventBridge event of an alarm that changes its state.

LocalEmu's CloudWatch keeps alarms and runs their actions, but never tells
EventBridge. This patch follows its one method that changes a state (upstream
`CloudwatchProvider._update_state`) and puts the event AWS documents:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html

One worker thread sends, so that events leave in the order of the changes and
nobody waits for EventBridge while CloudWatch holds its lock.
"""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

DETAIL_TYPE = "CloudWatch Alarm State Change"

LOG = logging.getLogger(__name__)


def event_timestamp(moment: datetime) -> str:
    """A moment in the spelling of alarm events: `2026-01-31T10:00:00.000+0000`."""
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def _metric_stat(stat: dict[str, Any]) -> dict[str, Any]:
    metric = stat["Metric"]
    return {
        "metric": {
            "namespace": metric.get("Namespace"),
            "name": metric.get("MetricName"),
            "dimensions": {d["Name"]: d["Value"] for d in metric.get("Dimensions") or []},
        },
        "period": stat.get("Period"),
        "stat": stat.get("Stat"),
    }


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """`detail.configuration.metrics` of an alarm, metric math or a single metric."""
    queries = alarm.get("Metrics") or [
        {"Id": "m1", "ReturnData": True, "MetricStat": _single_metric(alarm)}
    ]
    metrics = []
    for query in queries:
        entry: dict[str, Any] = {"id": query["Id"]}
        if query.get("Expression"):
            entry["expression"] = query["Expression"]
        if query.get("Label"):
            entry["label"] = query["Label"]
        if query.get("MetricStat"):
            entry["metricStat"] = _metric_stat(query["MetricStat"])
        entry["returnData"] = query.get("ReturnData", True)
        metrics.append(entry)
    return metrics


def _single_metric(alarm: dict[str, Any]) -> dict[str, Any]:
    return {
        "Metric": {
            "Namespace": alarm.get("Namespace"),
            "MetricName": alarm.get("MetricName"),
            "Dimensions": alarm.get("Dimensions"),
        },
        "Period": alarm.get("Period"),
        "Stat": alarm.get("Statistic"),
    }


def state_of(alarm: dict[str, Any]) -> dict[str, Any]:
    """The `state` (or `previousState`) part of the event, from the alarm as it is now."""
    state = {
        "value": alarm["StateValue"],
        "reason": alarm["StateReason"],
        "timestamp": event_timestamp(alarm["StateUpdatedTimestamp"]),
    }
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    return state


def entry_for(alarm: dict[str, Any], previous: dict[str, Any]) -> dict[str, Any]:
    """The PutEvents entry for an alarm that has just left `previous`."""
    configuration: dict[str, Any] = {"metrics": metrics_of(alarm)}
    if alarm.get("AlarmDescription"):
        configuration["description"] = alarm["AlarmDescription"]
    return {
        "Source": "aws.cloudwatch",
        "DetailType": DETAIL_TYPE,
        "Resources": [alarm["AlarmArn"]],
        "Detail": json.dumps(
            {
                "alarmName": alarm["AlarmName"],
                "configuration": configuration,
                "previousState": previous,
                "state": state_of(alarm),
            }
        ),
    }


def install() -> None:
    """Patch LocalEmu: alarm state changes become events."""
    from localemu.aws.connect import connect_to
    from localemu.services.cloudwatch.provider_v2 import CloudwatchProvider

    update_state = CloudwatchProvider._update_state
    sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="alarm-events")

    def send(account: str, region: str, entry: dict[str, Any]) -> None:
        try:
            events = connect_to(region_name=region, aws_access_key_id=account).events
            events.put_events(Entries=[entry])
        except Exception:
            LOG.exception("failed to send the event of alarm %s", entry["Resources"])

    def update_state_and_tell(
        self: Any,
        context: Any,
        alarm: Any,
        state_value: str,
        state_reason: str,
        state_reason_data: dict[str, Any] | None = None,
    ) -> None:
        previous = state_of(alarm.alarm)
        update_state(self, context, alarm, state_value, state_reason, state_reason_data)
        if previous["value"] != state_value:
            entry = entry_for(alarm.alarm, previous)
            sender.submit(send, context.account_id, context.region, entry)

    CloudwatchProvider._update_state = update_state_and_tell
