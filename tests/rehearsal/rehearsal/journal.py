"""The front's journal: which function called what, and whose call it was.

Rehearsals leave theirs in `target/journal`, one file for each scenario; the
permissions of the functions are held against them.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_UNDONE = ("throttled", "denied", "unavailable", "timed-out")


@dataclass(frozen=True)
class Call:
    """One AWS call, or one attempt of it."""

    time: float
    function: str
    service: str
    operation: str
    status: int | None
    fault: str | None
    duration_ms: int
    request_ids: tuple[str, ...]
    answer_ids: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether the service did what it was asked for, heard or not."""
        done = self.status is not None and self.status < 300
        return done and self.fault not in _UNDONE

    @property
    def ids(self) -> frozenset[str]:
        """Gateways, interfaces and flow logs that the call is about.

        What CloudWatch Logs answers are the records of whoever was recorded then.
        """
        answered = () if self.service == "logs" else self.answer_ids
        return frozenset(self.request_ids + answered)

    def line(self) -> str:
        """The call in a line."""
        became = "no answer" if self.status is None else str(self.status)
        fault = f", {self.fault}" if self.fault else ""
        names = " ".join(
            id for id in dict.fromkeys(self.request_ids + self.answer_ids) if id in self.ids
        )
        return f"{self.function} {self.service}:{self.operation} -> {became}{fault}  {names}"


def parse(text: str) -> list[Call]:
    """The calls of a journal, in the order in which they ended."""
    calls = []
    for line in text.splitlines():
        document = json.loads(line)
        document["request_ids"] = tuple(document["request_ids"])
        document["answer_ids"] = tuple(document["answer_ids"])
        calls.append(Call(**document))
    return calls


def read(path: Path) -> list[Call]:
    """The calls in a journal file; without one there were none."""
    return parse(path.read_text()) if path.is_file() else []


def created_flow_logs(calls: list[Call]) -> dict[str, str]:
    """Every flow log that was ever created, and its gateway.

    CreateFlowLogs names the gateway in its tags, and the answer the flow log,
    also where the answer was lost.
    """
    created = {}
    for call in calls:
        if (call.service, call.operation) == ("ec2", "CreateFlowLogs") and call.is_done:
            gateway = next((id for id in call.request_ids if id.startswith("nat-")), "")
            created |= {id: gateway for id in call.answer_ids if id.startswith("fl-")}
    return created


def keep(journal: Path, kept: Path) -> None:
    """Keep a journal where the contract tests look for it."""
    if not journal.is_file():
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    shutil.copyfile(journal, partial)
    partial.rename(kept)
