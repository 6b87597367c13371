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

Domain time is divided by the speed, and its zero is the moment the flow log
exists: how long emulated services and cold processes take is not domain time.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any

from rehearsal.console import Console

_BATCH = 5_000


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


@dataclass(frozen=True)
class Delivery:
    """One flow record on its way."""

    due: float
    timestamp: int
    message: str


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
        self._zero = zero
        self._console = console
        self._abandoned = threading.Event()
        self.delivered = 0
        self.worst_delay = 0.0
        self.error: Exception | None = None

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
        self.worst_delay = max(self.worst_delay, time.time() - self._zero - batch[0].due)
        self._console.event("flow records", f"{len(batch)} delivered, {self.delivered} in all")
