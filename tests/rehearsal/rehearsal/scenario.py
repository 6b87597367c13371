"""A scenario file, as far as the rehearsal itself needs it.

The traffic in it is read by the `traffic` program alone: what was played and
what is true about it come from there.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal import duration

TIMED_PARAMETERS = ("RecordingTime", "SettleDelay")
MAILS = ("report", "failure")


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
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise BadScenario(f"cannot read scenario {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadScenario(f"scenario {path} is not TOML: {error}") from error
    try:
        return _from(path, document)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadScenario(f"scenario {path}: {error}") from error


def _from(path: Path, document: dict[str, Any]) -> Scenario:
    expect = document.get("expect", {})
    mail = expect.get("mail", "report")
    if mail not in MAILS:
        raise ValueError(f"expect.mail is {mail!r}, but must be one of {', '.join(MAILS)}")
    if document.get("gateway", {}).get("regional"):
        raise ValueError("the local AWS has no regional NAT gateways: play it with `traffic write`")
    clears = document.get("alarm", {}).get("clears")
    return Scenario(
        path=path,
        title=str(document.get("title", path.stem)),
        parameters=dict(document.get("stack", {})),
        clears=None if clears is None else duration.seconds(clears),
        faults=tuple(document.get("fault", [])),
        mail=mail,
        recordings=int(expect.get("recordings", 1)),
    )
