"""The rehearsal from start to end: who does what, and when."""

import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.instance import LocalAws, tail
from rehearsal import deploy, journal, network, package, played, program, traffic, verify
from rehearsal.console import Console
from rehearsal.desk import Desk, environment
from rehearsal.front import Front
from rehearsal.mailbox import Mail, Mailbox
from rehearsal.page import Bounds, Page
from rehearsal.scenario import TIMED_PARAMETERS, Scenario
from rehearsal.watch import Watch, executions, wait_until

REPOSITORY = Path(__file__).resolve().parents[3]
MAIN = REPOSITORY / "template.yaml"
MACROS = REPOSITORY / "cf-assistive-macros" / "template.yaml"
JOURNALS = REPOSITORY / "target" / "journal"
STACK = "natspike"
MACRO_STACK = "natspike-macros"

_CLIENT = Config(retries={"max_attempts": 1}, read_timeout=60)
_START_PATIENCE = 30.0
_END_PATIENCE = 60.0
_MAIL_PATIENCE = 10.0
_MAIL_QUIET = 1.0
_LATE_SECONDS = 1.0


@dataclass(frozen=True)
class Stage:
    """Where the rehearsal takes place."""

    scenario: Scenario
    speed: float
    bin_dir: Path
    work: Path
    cache: Path
    console: Console


class Rehearsal:
    """One run. `play` returns every deviation as a sentence; none means it went well."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.scenario = stage.scenario
        self.console = stage.console
        self.front = Front(stage.bin_dir / "front", stage.work)
        self.aws = LocalAws(stage.work / "aws", front_url=self.front.url)
        # Flow logs that are not the stack's.
        self.foreign: list[str] = []
        # What a chat is told, where the stack has a topic for one.
        self.chat: Mailbox | None = None
        # Another gateway of the stack, which is quiet.
        self.quiet: network.Gateway | None = None
        self.page: Page | None = None
        # Bytes of each record that are billed, in the order in which records arrive.
        self.billed: list[int] = []

    def play(self) -> list[str]:
        """Everything, and the cleaning up after it."""
        names = ["front", "natspike", "traffic", *package.programs((MACROS, MAIN))]
        program.require(self.stage.bin_dir, names)
        self.console.text(f"{self.scenario.title}\n")
        with ExitStack() as stack:
            stack.callback(self._keep_journal)
            stack.callback(self.front.stop)
            stack.callback(self.aws.stop)
            stack.callback(self._abandon_page)
            stack.callback(self.console.flush)
            self.aws.launch()
            self.front.start(self.aws.url, self.scenario.rules)
            self.aws.wait()
            self.console.event("local AWS", f"answers at {self.aws.url}")
            return self._on_stage()

    def _client(self, service: str) -> Any:
        return boto3.client(service, config=_CLIENT, **self.aws.credentials())

    def _on_stage(self) -> list[str]:
        ec2 = self._client("ec2")
        with ThreadPoolExecutor(1) as builder:
            # One gateway spikes, one stays quiet.
            building = builder.submit(network.build, ec2, 2)
            deployer = deploy.Deployer(
                self._client("cloudformation"),
                self._client("s3"),
                self.stage.bin_dir,
                self.stage.cache,
            )
            deployer.deploy(MACROS, MACRO_STACK, {})
            self.console.event("deployed", MACRO_STACK)
            gateway, quiet = building.result()
            self.quiet = quiet
        if self.scenario.covered:
            group = str(self.scenario.parameters["SourceLogGroup"])
            flow_log = played.cover(ec2, self._client("logs"), gateway.vpc, group)
            self.console.event("flow log", f"{flow_log} of somebody covers {gateway.vpc}")
            self.foreign.append(flow_log)
        self.console.event(
            "network", f"{gateway.id} on {gateway.interface}, and a quiet {quiet.id}"
        )
        parameters = {
            **deploy.parameters((gateway, quiet)),
            **self.scenario.stack_parameters(self.stage.speed),
        }
        outputs = deployer.deploy(MAIN, STACK, parameters)
        self.console.event("deployed", STACK)
        mailbox = Mailbox(self._client("sqs"), self._client("sns"), outputs["TopicArn"])
        self.chat = self._chat(outputs)
        return self._spike(gateway, outputs, mailbox, parameters)

    def _spike(
        self,
        gateway: network.Gateway,
        outputs: dict[str, str],
        mailbox: Mailbox,
        parameters: dict[str, str],
    ) -> list[str]:
        cloudwatch, ec2 = self._client("cloudwatch"), self._client("ec2")
        states = self._client("stepfunctions")
        alarm = f"{STACK}/{gateway.id}"
        left = None
        if self.scenario.left_behind:
            group = outputs["RecordingLogGroup"]
            left = played.leave_behind(ec2, gateway.interface, group, STACK)
            self.console.event("flow log", f"{left} of an earlier recording is still on")
        before = played.be_quiet(cloudwatch, gateway.id, time.time())
        watch = Watch(states, outputs["StateMachineArn"], self.console)
        watch.start()
        self.console.text("")
        self.console.zero = time.time()
        desk = self._desk()
        trouble: list[str] = []
        execution = ""
        if self.scenario.by_page:
            self.page = self._open_page(outputs)
            trouble += self.page.before(gateway.id, int(parameters["RecordingTime"]))
        hand = self.page or desk
        if self.scenario.by_hand is not None:
            execution = hand.start(gateway.id)
            self.console.event("desk", f"a recording is begun: {execution}")
            if self.page is not None:
                trouble += self.page.early(execution)
        else:
            self.console.event("alarm", f"{alarm} -> ALARM")
            played.set_alarm(cloudwatch, alarm, "ALARM", "Threshold Crossed: 1 datapoint")

        courier: played.Courier | None = None
        truth: dict[str, Any] | None = None
        flow_log = wait_until(
            lambda: (
                [log for log in network.flow_logs_of(ec2, gateway) if log["FlowLogId"] != left]
                or (watch.ended.is_set() and ["none"])
            ),
            _START_PATIENCE,
        )
        try:
            if flow_log and flow_log != ["none"]:
                # No record begins before the flow log exists, and records begin on whole seconds.
                zero = math.ceil(time.time())
                courier, truth = self._start_traffic(gateway, flow_log[0], zero)
                if self.scenario.flooded is not None:
                    due = zero + self.scenario.flooded / self.stage.speed
                    watch.ended.wait(max(0.0, due - time.time()))
                    self._flood(outputs)
                if self.scenario.by_hand is not None:
                    due = zero + self.scenario.by_hand / self.stage.speed
                    if self.scenario.alarms:
                        self._alarm(alarm, "ALARM")
                    if self.page is not None:
                        trouble += self._look(self.page, execution, gateway, courier, due)
                    watch.ended.wait(max(0.0, due - time.time()))
                    later = ("held",) if self.scenario.alarms else ()
                    listed = hand.recordings()
                    trouble += verify.listed(listed, "running", gateway.id, later=later)
                    self.console.event("desk", hand.stop(execution))
                if self.scenario.clears is not None:
                    due = zero + self.scenario.clears / self.stage.speed
                    watch.ended.wait(max(0.0, due - time.time()))
                    self.console.event("alarm", f"{alarm} -> OK")
                    played.set_alarm(cloudwatch, alarm, "OK", "Threshold Crossed: no datapoints")
                if self.scenario.stopped is not None:
                    due = zero + self.scenario.stopped / self.stage.speed
                    watch.ended.wait(max(0.0, due - time.time()))
                    self.console.event("operator", "stops the execution")
                    states.stop_execution(executionArn=watch.execution, cause="by hand")
            trouble += self._await_end(watch, parameters)
        finally:
            watch.stop()
            if courier is not None:
                courier.abandon()
        if truth is not None and courier is not None:
            truth["before"] = before if self.scenario.snapshot else None
            truth["recorded"] = self._recorded(courier)
            truth["says"] = self._advice(gateway, truth)
        if courier is not None and self.scenario.stopped is None:
            trouble += self._courier_trouble(courier)
        arrived = mailbox.read(1, _MAIL_PATIENCE, _MAIL_QUIET)
        if self.scenario.stopped is not None:
            # What the sweep does last; whether it did is for `verify` to say.
            table = outputs["TableName"]
            wait_until(lambda: not verify.held(self._item(table, gateway.id)), _MAIL_PATIENCE)
        self._show(arrived)
        if self.scenario.by_hand is not None and truth is not None:
            later = self._alarm_again(alarm, hand) if self.scenario.alarms else ()
            recordings = hand.recordings()
            trouble += verify.listed(recordings, "recorded", gateway.id, truth, later)
            trouble += verify.why_not(recordings)
            played.count(cloudwatch, gateway.id, truth["window"], truth["bytes"]["processed"])
            trouble += verify.at_the_desk(desk.report(execution), truth)
            if self.page is not None:
                trouble += self.page.afterwards(execution, gateway.id, truth)
                trouble += self.page.close()
            self.console.text(desk.run("record", "list"))
        if self.scenario.mail in ("failure", "stopped"):
            trouble += verify.unrecorded(desk.recordings(), self.scenario)
        return [
            *trouble,
            *verify.mails(arrived, self.scenario, truth, gateway.id),
            *self._page_trouble(arrived, watch, truth, outputs["RecordingBucket"]),
            *self._chat_trouble(arrived, watch),
            *verify.ending(watch.status, watch.visited, self.scenario),
            *verify.executions(
                executions(states, outputs["StateMachineArn"]), self.scenario.executions
            ),
            *verify.leftovers(network.all_flow_logs(ec2), self.foreign),
            *verify.claim(self._item(outputs["TableName"], gateway.id), self.scenario.recordings),
            *verify.faults(self.scenario, self.front.rules()),
        ]

    def _desk(self) -> Desk:
        """Somebody who has the program and may ask the stack's account."""
        natspike = self.stage.bin_dir / "natspike"
        return Desk(natspike, environment(self.aws.credentials(), self.stage.work / "desk"), STACK)

    def _open_page(self, outputs: dict[str, str]) -> Page:
        """The same person's page, of the same stack."""
        home = self.stage.work / "page"
        stack = {
            "name": STACK,
            "region": self.aws.credentials()["region_name"],
            "log_group": outputs["RecordingLogGroup"],
            "bucket": outputs["RecordingBucket"],
        }
        natspike = self.stage.bin_dir / "natspike"
        page = Page(natspike, environment(self.aws.credentials(), home), home, stack)
        self.console.event("page", f"natspike serve listens on {page.browser.origin}")
        return page

    def _abandon_page(self) -> None:
        if self.page is not None:
            self.page.abandon()

    def _alarm(self, alarm: str, state: str) -> None:
        self.console.event("alarm", f"{alarm} -> {state}")
        played.set_alarm(self._client("cloudwatch"), alarm, state, "Threshold Crossed")

    def _alarm_again(self, alarm: str, hand: Desk | Page) -> tuple[str, ...]:
        """The alarm goes off once more; gives what became of the executions of both times."""
        for state in ("OK", "ALARM"):
            self._alarm(alarm, state)
        later = ("spent", "held")
        wait_until(
            lambda: tuple(row["became"] for row in hand.recordings())[:2] == later, _START_PATIENCE
        )
        return later

    def _look(
        self,
        page: Page,
        execution: str,
        gateway: network.Gateway,
        courier: played.Courier,
        due: float,
    ) -> list[str]:
        """What somebody sees in the page while records arrive, until a moment."""
        bounds = Bounds(
            least=lambda: sum(self.billed[: courier.delivered]),
            most=lambda: sum(self.billed[: courier.due_by(time.time())]),
        )
        trouble = page.live(execution, bounds, due)
        self.console.event("page", "the recording was looked at while its records arrived")
        trouble += page.questions(execution, gateway.id, lambda: courier.due_by(time.time()))
        self.console.event("page", "the recording was investigated")
        return trouble

    def _advice(self, gateway: network.Gateway, truth: dict[str, Any]) -> list[str]:
        """The commands that the mail has to give, with the ids that are known."""
        if not self.scenario.snapshot:
            return ["Note: Not everything that was there as the alarm went off is known"]
        tables = " ".join(network.route_tables_to(self._client("ec2"), gateway))
        total = truth["bytes"]["processed"]
        return [
            f"aws ec2 create-vpc-endpoint --region us-east-1 --vpc-id {gateway.vpc} "
            f"--service-name com.amazonaws.us-east-1.{row['aws_service'].lower()} "
            f"--route-table-ids {tables}"
            for row in truth["services"]
            if row["aws_service"] in ("S3", "DYNAMODB") and row["bytes"] * 100 >= total
        ]

    def _recorded(self, courier: played.Courier) -> dict[str, Any]:
        """What the recording itself is, and what that costs."""
        recorded = {"records": courier.delivered, "bytes": courier.delivered_bytes}
        if self.scenario.covered:
            return recorded | {"foreign": True}
        log_class = self.scenario.parameters.get("RecordingLogClass", "STANDARD")
        halved = 1 if log_class == "STANDARD" else 2
        return recorded | {"rate": verify.DELIVERY_RATE_PER_GB / halved}

    def _page_trouble(
        self, arrived: list[Mail], watch: Watch, truth: dict[str, Any] | None, bucket: str
    ) -> list[str]:
        """What is wrong with the page and the JSON that are kept of the report."""
        if self.scenario.mail != "report" or truth is None or not arrived:
            return []
        execution = (watch.execution or "").rpartition(":")[2]
        kept = {}
        for name in ("report.html", "report.json"):
            key = f"recordings/{execution}/{name}"
            try:
                answer = self._client("s3").get_object(Bucket=bucket, Key=key)
            except ClientError as error:
                return [f"s3://{bucket}/{key} is not there: {error}"]
            kept[name] = answer["Body"].read().decode()
        return verify.kept(kept["report.html"], kept["report.json"], arrived[0], truth)

    def _chat(self, outputs: dict[str, str]) -> Mailbox | None:
        """What listens to the topic for a chat, if there is one."""
        topic = outputs.get("ChatTopicArn")
        if topic is None:
            return None
        return Mailbox(self._client("sqs"), self._client("sns"), topic, "natspike-rehearsal-chat")

    def _chat_trouble(self, arrived: list[Mail], watch: Watch) -> list[str]:
        """What is wrong with what the chat was told, and whether one was told at all."""
        wanted = self.scenario.parameters.get("ChatTopic") == "yes"
        if wanted != (self.chat is not None):
            return ["the stack has a topic for a chat" + ("" if self.chat else " missing")]
        if self.chat is None or not arrived:
            return []
        told = self.chat.read(1, _MAIL_PATIENCE, _MAIL_QUIET)
        execution = (watch.execution or "").rpartition(":")[2]
        self.console.event("chat", f"{len(told)} notification")
        is_report = self.scenario.mail == "report"
        return verify.chat(told, is_report, arrived[0], execution)

    def _flood(self, outputs: dict[str, str]) -> None:
        """So many records that the recording has to end; the next sweep sees it."""
        gigabytes = int(self.scenario.parameters["RecordingLimit"])
        self.console.event("flow records", f"{gigabytes} GB are delivered; the schedule strikes")
        played.flood(self._client("cloudwatch"), outputs["RecordingLogGroup"], gigabytes * 2**30)
        played.strike(self._client("scheduler"), self._client("lambda"))

    def _start_traffic(
        self, gateway: network.Gateway, flow_log: dict[str, Any], zero: int
    ) -> tuple[played.Courier, dict[str, Any]]:
        log_format = flow_log["LogFormat"]
        self.console.event("flow log", f"{flow_log['FlowLogId']} is on; the traffic begins")
        flows = traffic.play(
            self.stage.bin_dir / "traffic",
            self.scenario.traffic or self.scenario.path,
            gateway,
            log_format,
            zero,
            self.stage.speed,
        )
        group = flow_log["LogGroupName"]
        if self.scenario.by_hand is not None and self.quiet is not None:
            other = self.quiet.interface
            logs = self._client("logs")
            played.record_another(logs, group, other, flows.deliveries, gateway.interface)
        courier = played.Courier(
            self._client("logs"),
            group,
            gateway.interface,
            flows.deliveries,
            zero,
            self.console,
        )
        self.billed = verify.billed(courier.messages, log_format, gateway.addresses)
        courier.start()
        return courier, flows.truth

    def _await_end(self, watch: Watch, parameters: dict[str, str]) -> list[str]:
        declared = package.load(MAIN)["Parameters"]
        spans = []
        for name in TIMED_PARAMETERS:
            if name not in declared:
                continue
            spans.append(int(parameters.get(name, declared[name]["Default"])))
        if not watch.ended.wait(sum(spans) + _END_PATIENCE):
            where = watch.visited[-1] if watch.visited else "not started"
            return [f"the execution did not end in time; it is in {where}"]
        return [f"the execution could not be followed: {watch.error}"] if watch.error else []

    def _courier_trouble(self, courier: played.Courier) -> list[str]:
        if courier.error is not None:
            return [f"the flow records could not be delivered: {courier.error}"]
        if courier.undelivered:
            return [f"{courier.undelivered} flow records were not due before the execution ended"]
        if courier.worst_delay > _LATE_SECONDS:
            late = f"{courier.worst_delay:.1f} s"
            self.console.event("flow records", f"delivered up to {late} late: a busy machine")
        return []

    def _item(self, table: str, gateway: str) -> dict[str, Any] | None:
        key = {"gateway": {"S": gateway}}
        item = self._client("dynamodb").get_item(TableName=table, Key=key).get("Item")
        if item is None:
            return None
        return {name: next(iter(value.values())) for name, value in item.items()}

    def _show(self, arrived: list[Mail]) -> None:
        for mail in arrived:
            self.console.text(f"\n{'-' * 72}\nSubject: {mail.subject}\n\n{mail.body.rstrip()}")
        if arrived:
            self.console.text("-" * 72 + "\n")

    def show_logs(self) -> None:
        """The end of every Lambda's log, and of the front's and the local AWS's."""
        logs = sorted(self.aws.lambda_logs.glob("*.log"))
        for log in [*logs, self.stage.work / "front.log", self.aws.log]:
            if text := tail(log, 15):
                print(f"--- the end of {log}\n{text}", file=sys.stderr)

    def calls(self) -> int:
        """How many AWS calls of the Lambdas the front has seen."""
        return len(journal.read(self.front.journal))

    def _keep_journal(self) -> None:
        journal.keep(self.front.journal, JOURNALS / f"{self.scenario.path.stem}.jsonl")
