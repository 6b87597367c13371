"""Lets the plan of a soak happen on the local AWS, waits until all is quiet, and looks."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localaws import alarm_events
from localaws.instance import LocalAws
from rehearsal import deploy, journal, network, package, program
from rehearsal.front import Front
from rehearsal.mailbox import Mailbox
from rehearsal.story import JOURNALS, MACRO_STACK, MACROS, MAIN, STACK
from soak import plan
from soak.judge import UNIT, Ending, Execution, tags_of

_CLIENT = Config(retries={"max_attempts": 3}, read_timeout=60, max_pool_connections=30)
_QUIET_SECONDS = 5.0
_END_PATIENCE = 180.0
_MAIL_PATIENCE = 15.0
_MAIL_QUIET = 2.0
_WORKLOAD, _REMOTE = "10.0.1.5", "203.0.113.9"


@dataclass(frozen=True)
class Size:
    """How large the soak is."""

    gateways: int
    alarms: int
    faults: float
    seed: int
    times: plan.Times


class Traffic(threading.Thread):
    """Delivers one record to each recording, whose bytes tell which one it is.

    It reads the front's journal, so that no flow log is too short-lived to be
    seen; the format of the records is that of the first one that still exists.
    """

    def __init__(self, logs: Any, ec2: Any, front: Front, group: str, settle: float) -> None:
        super().__init__(daemon=True)
        self._logs = logs
        self._ec2 = ec2
        self._journal = front.journal
        self._group = group
        self._settle = settle
        self._format: str | None = None
        self._streams: set[str] = set()
        self._counts: dict[str, int] = {}
        self._read = 0
        self._due: list[journal.Call] = []
        self._ended = threading.Event()
        self.gateways: dict[str, network.Gateway] = {}
        self.delivered: dict[str, int] = {}
        self.error: Exception | None = None

    def stop(self) -> None:
        """Deliver nothing more."""
        self._ended.set()

    def run(self) -> None:
        """Deliver until told to stop."""
        try:
            while not self._ended.wait(0.1):
                self._look()
        except Exception as error:
            self.error = error

    def _look(self) -> None:
        if not self._journal.is_file():
            return
        with self._journal.open() as lines:
            lines.seek(self._read)
            text = lines.read()
        # The last line may be half written.
        text = text[: text.rfind("\n") + 1]
        self._read += len(text.encode())
        calls = journal.parse(text)
        self._due += [call for call in calls if journal.created_flow_logs([call])]
        if self._due and self._format is None:
            self._format = self._format_of_ours()
        while self._due and self._format is not None:
            self._deliver(self._due.pop(0))

    def _format_of_ours(self) -> str | None:
        ours = [f for f in network.all_flow_logs(self._ec2) if f.get("LogGroupName") == self._group]
        return ours[0]["LogFormat"] if ours else None

    def _deliver(self, call: journal.Call) -> None:
        [(flow_log, id)] = journal.created_flow_logs([call]).items()
        gateway = self.gateways[id]
        number = self._counts.get(id, 0)
        self._counts[id] = number + 1
        stream = {"logGroupName": self._group, "logStreamName": f"{gateway.interface}-all"}
        if gateway.interface not in self._streams:
            self._logs.create_log_stream(**stream)
            self._streams.add(gateway.interface)
        # It begins as soon as the flow log is there.
        begun = call.time + call.duration_ms / 1000
        message = record(self._format or "", gateway, UNIT << number, int(begun))
        event = {"timestamp": int(begun * 1000), "message": message}
        self._logs.put_log_events(**stream, logEvents=[event])
        # Analysis begins a settle delay after the end, which is after the creation.
        if time.time() < call.time + self._settle - 0.5:
            self.delivered[flow_log] = UNIT << number


def record(log_format: str, gateway: network.Gateway, count: int, now: int) -> str:
    """A flow record: a workload behind the gateway uploads so many bytes."""
    values = {
        "version": 5,
        "interface-id": gateway.interface,
        "srcaddr": _WORKLOAD,
        "dstaddr": gateway.addresses[0],
        "srcport": 40_000,
        "dstport": 443,
        "protocol": 6,
        "packets": 1 + count // 1_400,
        "bytes": count,
        "start": now,
        "end": now,
        "action": "ACCEPT",
        "log-status": "OK",
        "pkt-srcaddr": _WORKLOAD,
        "pkt-dstaddr": _REMOTE,
        "flow-direction": "ingress",
        "tcp-flags": 2,
    }
    names = [word.removeprefix("${").removesuffix("}") for word in log_format.split()]
    return " ".join(str(values.get(name, "-")) for name in names)


class Soak:
    """One soak. `play` returns the world as it was when all had gone quiet."""

    def __init__(self, size: Size, bin_dir: Path, work: Path, cache: Path) -> None:
        self.size = size
        self._bin_dir = bin_dir
        self._cache = cache
        self.work = work
        self.front = Front(bin_dir / "front", work)
        self.aws = LocalAws(work / "aws", front_url=self.front.url)
        # When, of which gateway, what: for the story.
        self.happened: list[tuple[float, str, str]] = []

    def play(self) -> Ending:
        """Everything, and the cleaning up after it."""
        program.require(self._bin_dir, ["front", *package.programs((MACROS, MAIN))])
        with ExitStack() as stack:
            stack.callback(self._keep_journal)
            stack.callback(self.front.stop)
            stack.callback(self.aws.stop)
            self.aws.launch()
            self.front.start(self.aws.url, tuple(plan.faults(self.size.faults, self.size.seed)))
            self.aws.wait()
            return self._on_stage()

    def _keep_journal(self) -> None:
        journal.keep(self.front.journal, JOURNALS / "soak.jsonl")

    def _client(self, service: str) -> Any:
        return boto3.client(service, config=_CLIENT, **self.aws.credentials())

    def _parameters(self, gateways: list[network.Gateway]) -> dict[str, str]:
        declared = package.load(MAIN)["Parameters"]
        wanted = {
            **deploy.parameters(gateways),
            "RecordingTime": str(self.size.times.recording),
            "SettleDelay": str(self.size.times.settle),
            "NumOfRecordings": "0",
            "RecordAfterClear": "1",
            "RecordingsInARow": "2",
        }
        return {name: value for name, value in wanted.items() if name in declared}

    def _on_stage(self) -> Ending:
        ec2 = self._client("ec2")
        with ThreadPoolExecutor(1) as builder:
            building = builder.submit(network.build, ec2, self.size.gateways)
            deployer = deploy.Deployer(
                self._client("cloudformation"), self._client("s3"), self._bin_dir, self._cache
            )
            deployer.deploy(MACROS, MACRO_STACK, {})
            gateways = building.result()
        parameters = self._parameters(gateways)
        outputs = deployer.deploy(MAIN, STACK, parameters)
        mailbox = Mailbox(self._client("sqs"), self._client("sns"), outputs["TopicArn"])
        foreign = self._make_foreign(ec2, gateways)
        courier = Traffic(
            self._client("logs"),
            ec2,
            self.front,
            outputs["RecordingLogGroup"],
            self.size.times.settle,
        )
        courier.gateways = {gateway.id: gateway for gateway in gateways}
        courier.start()
        try:
            self._happen([gateway.id for gateway in gateways])
            trouble = self._await_quiet(outputs["StateMachineArn"])
        finally:
            courier.stop()
        courier.join()
        if courier.error is not None:
            trouble += (f"records could not be delivered: {courier.error!r}",)
        calls = journal.read(self.front.journal)
        created = len(journal.created_flow_logs(calls))
        ids = [gateway.id for gateway in gateways]
        return Ending(
            gateways=ids,
            alarms={
                id: sum(1 for _, of, what in self.happened if (of, what) == (id, plan.ALARM))
                for id in ids
            },
            calls=calls,
            executions=self._executions(outputs["StateMachineArn"]),
            mails=mailbox.read(created, _MAIL_PATIENCE, _MAIL_QUIET),
            items=self._items(outputs["TableName"]),
            flow_logs=network.all_flow_logs(ec2),
            foreign=foreign,
            stack=STACK,
            delivered=courier.delivered,
            trouble=trouble,
        )

    def _make_foreign(self, ec2: Any, gateways: list[network.Gateway]) -> list[dict[str, Any]]:
        """Flow logs of somebody else: without tags, of another stack, of a like-named one."""
        self._client("logs").create_log_group(logGroupName="/somebody/else")
        tags: list[dict[str, str]] = [
            {},
            {"natspike:stack": f"{STACK}-other", "natspike:gateway": gateways[0].id},
            {"natspike:execution": "of-somebody-else", "Name": f"natspike {gateways[-1].id}"},
        ]
        for gateway, own in zip(gateways, tags, strict=False):
            specification = [
                {
                    "ResourceType": "vpc-flow-log",
                    "Tags": [{"Key": key, "Value": value} for key, value in own.items()],
                }
            ]
            ec2.create_flow_logs(
                ResourceType="NetworkInterface",
                ResourceIds=[gateway.interface],
                TrafficType="ALL",
                LogGroupName="/somebody/else",
                DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/somebody",
                **({"TagSpecifications": specification} if own else {}),
            )
        made = network.all_flow_logs(ec2)
        assert not [log for log in made if tags_of(log).get("natspike:stack") == STACK]
        return made

    def _happen(self, gateways: list[str]) -> None:
        size = self.size
        happenings = plan.draw(size.gateways, size.alarms, size.times, size.seed)
        cloudwatch, events = self._client("cloudwatch"), self._client("events")
        repeated = {(h.gateway, h.change) for h in happenings if h.is_repeated}
        entries: dict[tuple[int, int], dict[str, Any]] = {}
        zero = time.time()
        for happening in happenings:
            time.sleep(max(0.0, zero + happening.at - time.time()))
            gateway = gateways[happening.gateway]
            key = (happening.gateway, happening.change)
            if happening.is_repeated:
                events.put_events(Entries=[entries[key]])
                self._note(gateway, f"{happening.state} of before, delivered once more")
                continue
            name = f"{STACK}/{gateway}"
            self._note(gateway, happening.state)
            cloudwatch.set_alarm_state(
                AlarmName=name, StateValue=happening.state, StateReason="the soak's plan"
            )
            if key in repeated:
                [alarm] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
                # The state before is of no interest to anybody: it is taken to be the same.
                entries[key] = alarm_events.entry_for(alarm, alarm_events.state_of(alarm))

    def _note(self, gateway: str, what: str) -> None:
        self.happened.append((time.time(), gateway, what))

    def _await_quiet(self, machine: str) -> tuple[str, ...]:
        """Until nothing runs and nothing has been called for a while."""
        states = self._client("stepfunctions")
        deadline = time.monotonic() + _END_PATIENCE
        quiet_since = time.monotonic()
        seen = -1
        while time.monotonic() < deadline:
            listed = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")
            running = listed["executions"]
            written = self.front.journal.stat().st_size if self.front.journal.is_file() else 0
            if running or written != seen:
                seen, quiet_since = written, time.monotonic()
            elif time.monotonic() - quiet_since > _QUIET_SECONDS:
                return ()
            time.sleep(0.5)
        names = ", ".join(execution["name"] for execution in running)
        late = f"{_END_PATIENCE:.0f} s after the last alarm"
        return (f"still not quiet {late}; under way: {names or 'no execution, but calls'}",)

    def _executions(self, machine: str) -> list[Execution]:
        states = self._client("stepfunctions")
        found = []
        for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine):
            for listed in page["executions"]:
                said = states.describe_execution(executionArn=listed["executionArn"])
                stopped = said.get("stopDate")
                found.append(
                    Execution(
                        name=said["name"],
                        status=said["status"],
                        started=said["startDate"].timestamp(),
                        stopped=stopped.timestamp() if stopped else None,
                        input=json.loads(said.get("input") or "{}"),
                        output=json.loads(said.get("output") or "{}"),
                        error=f"{said.get('error', '')} {said.get('cause', '')}".strip(),
                    )
                )
        return found

    def _items(self, table: str) -> dict[str, dict[str, Any]]:
        items = {}
        for page in self._client("dynamodb").get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                plain = {name: next(iter(value.values())) for name, value in item.items()}
                items[plain["gateway"]] = plain
        return items
