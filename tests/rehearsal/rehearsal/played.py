"""What AWS does by itself and no emulator does. Played here, and nowhere else.

1. CloudWatch evaluates the metric-math alarm. Played: SetAlarmState on the
   alarm the stack made. The event that follows is the local AWS's (see
   `localaws.alarm_events`), the routing the template's own rules.
2. VPC Flow Logs writes one record per flow and minute and delivers it minutes
   later to the stream `<interface>-all` of the flow log's group. Played:
   PutLogEvents of the records the `traffic` program made up, at their due times,
   in the flow log's own LogFormat.
3. What people do: stopping an execution, leaving a flow log behind.
4. SNS mails to a confirmed address. Played: a queue that is subscribed to the
   same topic and receives what the address would (see `rehearsal.mailbox`).
5. NAT gateways and log groups have metrics. Played: PutMetricData of a quiet
   hour before the alarm, and of a flood of records where a scenario says so.
6. EventBridge Scheduler strikes every five minutes. Played: an invocation with
   the schedule's own input, where a scenario needs one.

Domain time is divided by the speed, and its zero is the moment the flow log
exists: how long emulated services and cold processes take is not domain time.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

from rehearsal.console import Console

_BATCH = 5_000


@dataclass(frozen=True)
class Delivery:
    """One flow record on its way."""

    due: float
    timestamp: int
    message: str


def set_alarm(cloudwatch: Any, alarm: str, state: str, reason: str) -> None:
    """The alarm's evaluation: it goes to a state and says why."""
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason=reason)


def leave_behind(ec2: Any, interface: str, log_group: str, stack: str) -> str:
    """A flow log of the stack whose recording is long over."""
    tags = {"natspike:stack": stack, "natspike:execution": "of-an-earlier-recording"}
    answer = ec2.create_flow_logs(
        ResourceType="NetworkInterface",
        ResourceIds=[interface],
        TrafficType="ALL",
        LogGroupName=log_group,
        DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/of-the-stack",
        TagSpecifications=[
            {
                "ResourceType": "vpc-flow-log",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    )
    return answer["FlowLogIds"][0]


def be_quiet(cloudwatch: Any, gateway: str, until: float) -> int:
    """A gateway's metrics of the ten minutes before; gives the bytes that were billed."""
    first = int(until) // 60 * 60 - 600
    dimensions = [{"Name": "NatGatewayId", "Value": gateway}]
    values = {
        "BytesInFromSource": 1_000_000,
        "BytesInFromDestination": 2_500_000,
        "ActiveConnectionCount": 20,
        "ConnectionAttemptCount": 5,
    }
    for name, value in values.items():
        data = [
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": first + 60 * minute,
                "Value": value,
            }
            for minute in range(10)
        ]
        cloudwatch.put_metric_data(Namespace="AWS/NATGateway", MetricData=data)
    return 10 * (values["BytesInFromSource"] + values["BytesInFromDestination"])


def count(cloudwatch: Any, gateway: str, window: dict[str, int], processed: int) -> None:
    """What the gateway's metrics count of a recording: every byte, spread evenly."""
    seconds = window["end"] - window["start"]
    first = window["start"] // 60 * 60
    data = [
        {
            "MetricName": "BytesInFromSource",
            "Dimensions": [{"Name": "NatGatewayId", "Value": gateway}],
            "Timestamp": minute,
            "Value": round(processed * 60 / seconds),
        }
        for minute in range(first, window["end"], 60)
    ]
    cloudwatch.put_metric_data(Namespace="AWS/NATGateway", MetricData=data)


# A workload of another gateway, which records into the same log group.
STRANGER = "10.0.9.9"


def record_another(
    logs: Any, group: str, interface: str, deliveries: list[Delivery], own: str
) -> None:
    """Records of another gateway's interface, like those that are due first."""
    stream = {"logGroupName": group, "logStreamName": f"{interface}-all"}
    logs.create_log_stream(**stream)
    first = sorted(deliveries, key=lambda delivery: delivery.due)[:20]

    def strange(message: str) -> str:
        words = (STRANGER if word.startswith("10.0.2.") else word for word in message.split())
        return " ".join(words).replace(own, interface)

    events = [{"timestamp": d.timestamp, "message": strange(d.message)} for d in first]
    events.sort(key=lambda event: event["timestamp"])
    logs.put_log_events(**stream, logEvents=events)


def flood(cloudwatch: Any, log_group: str, count: int) -> None:
    """So many bytes of records are delivered to the log group, in this minute of its metric."""
    data = {
        "MetricName": "IncomingBytes",
        "Dimensions": [{"Name": "LogGroupName", "Value": log_group}],
        "Timestamp": time.time() // 60 * 60,
        "Value": count,
    }
    cloudwatch.put_metric_data(Namespace="AWS/Logs", MetricData=[data])


def strike(scheduler: Any, awslambda: Any) -> None:
    """The stack's one schedule strikes."""
    [schedule] = scheduler.list_schedules()["Schedules"]
    target = scheduler.get_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])[
        "Target"
    ]
    awslambda.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=target["Input"])


def cover(ec2: Any, logs: Any, vpc: str, log_group: str) -> str:
    """Somebody's flow log of a whole VPC, with all that an analysis needs."""
    logs.create_log_group(logGroupName=log_group)
    answer = ec2.create_flow_logs(
        ResourceType="VPC",
        ResourceIds=[vpc],
        TrafficType="ALL",
        LogGroupName=log_group,
        DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/somebody",
        LogFormat=" ".join(f"${{{name}}}" for name in _COVERING),
    )
    return answer["FlowLogIds"][0]


_COVERING = [
    "start",
    "end",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "bytes",
    "packets",
    "action",
    "log-status",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
]


class Courier(threading.Thread):
    """Delivers flow records to CloudWatch Logs when they are due."""

    def __init__(
        self,
        logs: Any,
        group: str,
        interface: str,
        deliveries: list[Delivery],
        zero: float,
        console: Console,
    ) -> None:
        super().__init__(daemon=True)
        self._logs = logs
        self._stream = {"logGroupName": group, "logStreamName": f"{interface}-all"}
        self._waiting = sorted(deliveries, key=lambda delivery: delivery.due)
        self._dues = [delivery.due for delivery in self._waiting]
        # In the order in which they arrive.
        self.messages = [delivery.message for delivery in self._waiting]
        self._zero = zero
        self._console = console
        self._abandoned = threading.Event()
        self.delivered = 0
        self.delivered_bytes = 0
        self.worst_delay = 0.0
        self.error: Exception | None = None

    def due_by(self, moment: float) -> int:
        """How many records are due by then; no more can have arrived."""
        return sum(due <= moment - self._zero for due in self._dues)

    @property
    def undelivered(self) -> int:
        """How many records have not arrived yet."""
        return len(self._waiting)

    def abandon(self) -> None:
        """Deliver nothing more."""
        self._abandoned.set()

    def run(self) -> None:
        """Deliver until nothing waits."""
        try:
            if self._waiting:
                self._logs.create_log_stream(**self._stream)
            while self._waiting:
                due_at = self._zero + self._waiting[0].due
                if self._abandoned.wait(max(0.0, due_at - time.time())):
                    return
                self._put_due()
        except Exception as error:
            self.error = error

    def _put_due(self) -> None:
        now = time.time() - self._zero
        batch = [d for d in self._waiting[:_BATCH] if d.due <= now] or self._waiting[:1]
        events = [{"timestamp": d.timestamp, "message": d.message} for d in batch]
        events.sort(key=lambda event: event["timestamp"])
        self._logs.put_log_events(**self._stream, logEvents=events)
        del self._waiting[: len(batch)]
        self.delivered += len(batch)
        self.delivered_bytes += sum(len(d.message.encode()) for d in batch)
        self.worst_delay = max(self.worst_delay, time.time() - self._zero - batch[0].due)
        self._console.event("flow records", f"{len(batch)} delivered, {self.delivered} in all")
