"""What must be true when a soak has gone quiet. Pure: the end of the world is an argument.

Every fault of a soak passes, so nothing may fail in the end. SNS has no token
that makes a repeated Publish the same one: where its answer was lost, the same
mail may arrive once more, and nowhere else.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rehearsal import report, verify
from rehearsal.journal import Call, created_flow_logs
from rehearsal.mailbox import Mail

_GATEWAY = re.compile(r"nat-[0-9a-f]{8,17}")
# Windows of reports are whole seconds: a shorter recording may have no record.
_WHOLE_SECONDS = 2.0
# What the first recording of a gateway moves; each later one moves twice as much,
# so that a report's total says which recordings it has in it.
UNIT = 1_000


@dataclass(frozen=True)
class Execution:
    """An execution of the workflow, and what it said in the end."""

    name: str
    status: str
    started: float
    stopped: float | None
    input: dict[str, Any]
    output: dict[str, Any]
    error: str = ""

    @property
    def gateway(self) -> str:
        """The gateway that it was about."""
        found = _GATEWAY.search(json.dumps(self.input))
        return found[0] if found else ""

    @property
    def follows(self) -> bool:
        """Whether it goes on where another one's recording time was over."""
        return int(self.input.get("round", 1)) > 1

    @property
    def flow_log(self) -> str | None:
        """The flow log of its recording."""
        return (self.output.get("recording") or {}).get("flow_log_id")

    @property
    def message(self) -> str | None:
        """The mail that it published."""
        return (self.output.get("report") or {}).get("message_id")


@dataclass(frozen=True)
class Ending:
    """The world when it has gone quiet."""

    gateways: list[str]
    alarms: dict[str, int]
    calls: list[Call]
    executions: list[Execution]
    mails: list[Mail]
    items: dict[str, dict[str, Any]]
    flow_logs: list[dict[str, Any]]
    foreign: list[dict[str, Any]]
    stack: str
    # The flow logs whose record was delivered well before the analysis.
    delivered: dict[str, int] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True)
class Violation:
    """What is wrong, and with which gateway (empty: with no single one)."""

    gateway: str
    sentence: str


def gateway_of(mail: Mail) -> str:
    """The gateway that a mail is about."""
    found = _GATEWAY.search(mail.subject) or _GATEWAY.search(mail.body)
    return found[0] if found else ""


def judge(ending: Ending) -> list[Violation]:
    """Everything that is wrong."""
    wrong = [Violation("", sentence) for sentence in ending.trouble]
    created = created_flow_logs(ending.calls)
    wrong += _leftovers(ending)
    wrong += _foreign(ending)
    wrong += _executions(ending)
    for gateway in ending.gateways:
        own = [flow_log for flow_log, of in created.items() if of == gateway]
        sentences = [
            *_claim(ending.items.get(gateway), len(own)),
            *_recordings(ending, gateway, len(own)),
            *_mails(ending, gateway, own),
        ]
        wrong += [Violation(gateway, sentence) for sentence in sentences]
    strays = [mail.subject for mail in ending.mails if gateway_of(mail) not in ending.gateways]
    wrong += [Violation("", f"a mail is about no gateway of the stack: {s!r}") for s in strays]
    return wrong


def tags_of(flow_log: dict[str, Any]) -> dict[str, str]:
    """A flow log's tags."""
    return {tag["Key"]: tag["Value"] for tag in flow_log.get("Tags", [])}


def _leftovers(ending: Ending) -> list[Violation]:
    foreign = {flow_log["FlowLogId"] for flow_log in ending.foreign}
    return [
        Violation(
            tags_of(flow_log).get("natspike:gateway", ""),
            f"flow log {flow_log['FlowLogId']} on {flow_log.get('ResourceId')} is left",
        )
        for flow_log in ending.flow_logs
        if flow_log["FlowLogId"] not in foreign
    ]


def _foreign(ending: Ending) -> list[Violation]:
    now = {flow_log["FlowLogId"]: flow_log for flow_log in ending.flow_logs}
    wrong = []
    for before in ending.foreign:
        id = before["FlowLogId"]
        if id not in now:
            wrong.append(Violation("", f"foreign flow log {id} was deleted"))
        elif tags_of(now[id]) != tags_of(before):
            wrong.append(Violation("", f"the tags of foreign flow log {id} were changed"))
    return wrong


def _executions(ending: Ending) -> list[Violation]:
    return [
        Violation(
            execution.gateway,
            f"execution {execution.name} ended {execution.status}, although every fault passes: "
            f"{execution.error or 'no reason given'}",
        )
        for execution in ending.executions
        if execution.status != "SUCCEEDED"
    ]


def _claim(item: dict[str, Any] | None, created: int) -> list[str]:
    if item is None:
        return ["the table has no item for it"] if created else []
    wrong = [
        f"it is still claimed: its item has {name} {item[name]!r}" for name in verify.held(item)
    ]
    counted = int(item.get("recordings", 0))
    if counted != created:
        wrong.append(f"{created} flow logs were created, but the table counts {counted} recordings")
    return wrong


def _recordings(ending: Ending, gateway: str, created: int) -> list[str]:
    """One alarm, one recording, however often its event came; and those that follow in a row."""
    alarms = ending.alarms.get(gateway, 0)
    follow = sum(1 for e in ending.executions if e.gateway == gateway and e.follows)
    if alarms and not created:
        return [f"its alarm went off {alarms} times, and it was never recorded"]
    if created > alarms + follow:
        more = f" ({follow} may follow another in a row)" if follow else ""
        return [f"its alarm went off {alarms} times, and it was recorded {created} times{more}"]
    return []


def _mails(ending: Ending, gateway: str, created: list[str]) -> list[str]:
    arrived = [mail for mail in ending.mails if gateway_of(mail) == gateway]
    by_id = {mail.id: mail for mail in arrived}
    published = {
        execution.flow_log: execution.message
        for execution in ending.executions
        if execution.gateway == gateway and execution.flow_log
    }
    wrong = []
    meant: set[str] = set()
    for number, flow_log in enumerate(created):
        message = published.get(flow_log)
        if message is None:
            wrong.append(f"no execution mailed a report of the recording by {flow_log}")
            continue
        if message in meant:
            wrong.append(f"the mail of the recording by {flow_log} is that of another one, too")
        meant.add(message)
        mail = by_id.get(message)
        if mail is None:
            wrong.append(f"mail {message} of the recording by {flow_log} never arrived")
        elif flow_log in ending.delivered and lasted(ending.calls, flow_log) > _WHOLE_SECONDS:
            wrong += _record(mail, flow_log, number)
    return wrong + _others(ending, gateway, arrived, meant)


def lasted(calls: list[Call], flow_log: str) -> float:
    """For how many seconds a flow log was on; without end, for ever."""
    created = [c.time for c in calls if flow_log in c.answer_ids and "Create" in c.operation]
    deleted = [
        c.time
        for c in calls
        if flow_log in c.request_ids and c.operation == "DeleteFlowLogs" and c.is_done
    ]
    return min(deleted, default=float("inf")) - min(created)


def _record(mail: Mail, flow_log: str, number: int) -> list[str]:
    processed = report.PROCESSED.search(mail.body)
    total = int(processed[1].replace(",", "")) if processed else 0
    if total // UNIT >> number & 1:
        return []
    return [
        f"the record that {flow_log} delivered ({UNIT << number} bytes) is not among the "
        f"{total} bytes of its mail"
    ]


def _others(ending: Ending, gateway: str, arrived: list[Mail], meant: set[str]) -> list[str]:
    """Mails that no execution meant: copies after a lost answer are allowed, and no others."""
    bodies = Counter(mail.body for mail in arrived if mail.id in meant)
    copies = [mail for mail in arrived if mail.id not in meant]
    wrong = [
        f"a mail arrived that no recording accounts for: {mail.subject!r}"
        for mail in copies
        if mail.body not in bodies
    ]
    lost = lost_publishes(ending.calls, gateway)
    if len(copies) > lost:
        wrong.append(
            f"{len(copies)} mails arrived besides the one for each recording, "
            f"but only {lost} answers to Publish were lost"
        )
    return wrong


def lost_publishes(calls: list[Call], gateway: str) -> int:
    """How often a mail about a gateway was published without an answer."""
    return sum(
        1
        for call in calls
        if (call.service, call.operation, call.fault) == ("sns", "Publish", "answer-lost")
        and gateway in call.request_ids
    )
