"""Follows an execution of the state machine and prints its transitions as they happen."""

import threading
import time
from typing import Any

from rehearsal.console import Console

_POLL_SECONDS = 0.25
_DETAILS = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
    "ExecutionFailed": "executionFailedEventDetails",
    "ExecutionAborted": "executionAbortedEventDetails",
    "ExecutionTimedOut": "executionTimedOutEventDetails",
}


def describe(event: dict[str, Any]) -> str | None:
    """A history event in a line, None when it says nothing new."""
    kind = event["type"]
    if kind.endswith("StateEntered"):
        return event["stateEnteredEventDetails"]["name"]
    if kind in _DETAILS:
        details = event.get(_DETAILS[kind], {})
        words = [details.get("error", ""), " ".join(details.get("cause", "").split())]
        return f"  {kind}: {' '.join(filter(None, words))}"[:400].rstrip(": ")
    if kind == "TaskScheduled":
        return None
    return kind if kind.startswith("Execution") else None


class Watch(threading.Thread):
    """One execution, followed until it ends."""

    def __init__(self, states: Any, state_machine: str, console: Console) -> None:
        super().__init__(daemon=True)
        self._states = states
        self._state_machine = state_machine
        self._console = console
        self._seen = 0
        self._stopped = threading.Event()
        self.execution: str | None = None
        self.visited: list[str] = []
        self.status = "NOT STARTED"
        self.ended = threading.Event()
        self.error: Exception | None = None

    def stop(self) -> None:
        """Follow no longer."""
        self._stopped.set()

    def run(self) -> None:
        """Follow until the execution ends."""
        try:
            while not self._stopped.wait(_POLL_SECONDS):
                ended = self._look()
                self._console.tick()
                if ended:
                    break
        except Exception as error:
            self.error = error
        self.ended.set()

    def _look(self) -> bool:
        if self.execution is None:
            listed = self._states.list_executions(stateMachineArn=self._state_machine)
            if not listed["executions"]:
                return False
            self.execution = listed["executions"][-1]["executionArn"]
        # First the status, then the history: nothing of an ended execution is missed.
        described = self._states.describe_execution(executionArn=self.execution)
        self._print_new()
        self.status = described["status"]
        return self.status != "RUNNING"

    def _print_new(self) -> None:
        pages = self._states.get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=self.execution):
            for event in page["events"]:
                if event["id"] <= self._seen:
                    continue
                self._seen = event["id"]
                if event["type"].endswith("StateEntered"):
                    self.visited.append(event["stateEnteredEventDetails"]["name"])
                if line := describe(event):
                    self._console.event("execution", line, event["timestamp"].timestamp())


def executions(states: Any, state_machine: str) -> int:
    """How many executions there have been."""
    return len(states.list_executions(stateMachineArn=state_machine)["executions"])


def wait_until(condition: Any, patience: float) -> Any:
    """The first true value of a condition, None when patience is over."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    return None
