"""A scenario file, as far as the rehearsal itself needs it.

The traffic in it is read by the `traffic` program alone: what was played and
what is true about it come from there. A file may also play another one's
traffic (`plays = "../spike-s3.toml"`): it then says only what is different, and
what happens meanwhile, of which `traffic` knows nothing.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal import duration

TIMED_PARAMETERS = ("RecordingTime", "RecordAfterClear", "SettleDelay")
# stopped = the execution did not end by itself, and the sweep told so.
MAILS = ("report", "failure", "stopped")

# Of the clearance and the task token, which race for the same item, the token comes second.
_WAITS_LATE = {
    "function": "await-clearance",
    "service": "dynamodb",
    "operation": "UpdateItem",
    "kind": "held",
    "until": {"function": "clear-alarm", "service": "dynamodb", "operation": "UpdateItem"},
}


class BadScenario(Exception):
    """The file cannot be played; the message says why."""


@dataclass(frozen=True)
class Scenario:
    """What is to happen, in domain time, and what is expected of it."""

    path: Path
    title: str
    parameters: dict[str, int | str] = field(default_factory=dict)
    clears: float | None = None
    faults: tuple[dict[str, Any], ...] = ()
    mail: str = "report"
    recordings: int = 1
    # The file whose traffic is played.
    traffic: Path | None = None
    # When somebody stops the execution.
    stopped: float | None = None
    # Whether a flow log of an earlier recording is still there.
    left_behind: bool = False
    # When so many records are delivered that the recording has to end.
    flooded: float | None = None
    # When somebody stops the recording that was begun at the desk, and by no alarm.
    by_hand: float | None = None
    # Whether that is done in the page of natspike serve.
    by_page: bool = False
    # Whether the alarm goes off while somebody records already, and again after that.
    alarms: bool = False
    # Executions that there are in the end, those that record nothing among them.
    executions: int = 1
    # Whether the report knows what was there at the alarm.
    snapshot: bool = True
    # Whether somebody's flow log covers the gateway.
    covered: bool = False
    # Whether the execution waits for the alarm to clear only when it has cleared.
    waits_late: bool = False

    @property
    def rules(self) -> tuple[dict[str, Any], ...]:
        """What the front is told: the faults, and who comes second."""
        return self.faults + ((_WAITS_LATE,) if self.waits_late else ())

    def stack_parameters(self, speed: float) -> dict[str, str]:
        """The template parameters at a speed: seconds shrink, but never to nothing."""
        scaled = {}
        for name, value in self.parameters.items():
            if name in TIMED_PARAMETERS and int(value) > 0:
                value = max(1, round(int(value) / speed))
            scaled[name] = str(value)
        return scaled


def read(path: Path) -> Scenario:
    """Read a scenario file."""
    document = _load(path)
    played = path
    if "plays" in document:
        played = (path.parent / str(document["plays"])).resolve()
        document = _over(_load(played), document)
    try:
        return _from(path, played, document)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadScenario(f"scenario {path}: {error}") from error


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise BadScenario(f"cannot read scenario {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadScenario(f"scenario {path} is not TOML: {error}") from error


def _over(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A document with changes: tables are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in changes.items():
        before = merged.get(key)
        both = isinstance(value, dict) and isinstance(before, dict)
        merged[key] = before | value if both else value
    return merged


def _from(path: Path, played: Path, document: dict[str, Any]) -> Scenario:
    expect = document.get("expect", {})
    mail = expect.get("mail", "report")
    if mail not in MAILS:
        raise ValueError(f"expect.mail is {mail!r}, but must be one of {', '.join(MAILS)}")
    if document.get("gateway", {}).get("regional"):
        raise ValueError("the local AWS has no regional NAT gateways: play it with `traffic write`")
    clears = document.get("alarm", {}).get("clears")
    meanwhile = document.get("meanwhile", {})
    stopped, flooded = meanwhile.get("stopped"), meanwhile.get("flooded")
    by_hand = meanwhile.get("by_hand")
    return Scenario(
        path=path,
        title=str(document.get("title", path.stem)),
        parameters=dict(document.get("stack", {})),
        clears=None if clears is None else duration.seconds(clears),
        faults=tuple(document.get("fault", [])),
        mail=mail,
        recordings=int(expect.get("recordings", 1)),
        traffic=played,
        stopped=None if stopped is None else duration.seconds(stopped),
        flooded=None if flooded is None else duration.seconds(flooded),
        by_hand=None if by_hand is None else duration.seconds(by_hand),
        by_page=bool(meanwhile.get("by_page", False)),
        alarms=bool(meanwhile.get("alarms", False)),
        executions=int(expect.get("executions", 1)),
        snapshot=bool(expect.get("snapshot", True)),
        covered=bool(meanwhile.get("covered", False)),
        left_behind=bool(meanwhile.get("left_behind", False)),
        waits_late=bool(meanwhile.get("waits_late", False)),
    )
