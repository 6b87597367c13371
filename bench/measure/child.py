"""One program in a process of its own, and what it cost."""

import json
import os
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEGABYTE = 1_000_000
# ru_maxrss is in KiB, but in bytes on macOS.
RSS_UNIT = 1 if os.uname().sysname == "Darwin" else 1024


class ChildFailedError(Exception):
    """The program did not end with 0, or did not answer."""


@dataclass(frozen=True)
class Usage:
    """What one run cost; CPU seconds are those of all threads, user and system."""

    cpu: float
    wall: float
    peak: float
    """Megabytes resident at the most."""
    output: str

    def answer(self) -> dict[str, Any]:
        """The output read as one JSON document."""
        try:
            return json.loads(self.output)
        except ValueError as error:
            raise ChildFailedError(f"its answer is no JSON: {self.output[:200]!r}") from error


def run(command: list[str | Path], cpus: set[int] | None = None) -> Usage:
    """Runs a program to its end, on these processors only where some are given."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.monotonic()
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=environment(),
            preexec_fn=(lambda: os.sched_setaffinity(0, cpus)) if cpus else None,  # noqa: PLW1509
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if child.returncode != 0:
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise ChildFailedError(
                f"it ended with {child.returncode}: {said[-1] if said else 'without a word'}"
            )
        return Usage(
            cpu=used.ru_utime + used.ru_stime,
            wall=wall,
            peak=used.ru_maxrss * RSS_UNIT / MEGABYTE,
            output=output.read().decode(),
        )


def environment() -> dict[str, str]:
    """What every program is started with: nothing that could change its work."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


def own_peak() -> float:
    """Megabytes of this process itself: a child's figure is never below it.

    The kernel counts what a process held before it became another program, so
    the runner must stay small; it therefore never loads a whole truth.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / MEGABYTE
