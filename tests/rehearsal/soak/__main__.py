"""`python -m soak`: exit code 0 = nothing violated, 1 = something was, 2 = usage."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from localaws import upstream
from localaws.instance import DidNotStart
from rehearsal import deploy, program
from rehearsal.story import REPOSITORY
from soak import plan, story
from soak.judge import Ending, Violation, judge
from soak.run import Size, Soak

_STORIES_SHOWN = 3


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m soak",
        description="Raises many alarms over many gateways in a local AWS while calls fail, "
        "and checks what is left.",
    )
    parser.add_argument("--gateways", type=int, default=20)
    parser.add_argument("--alarms", type=int, default=200, help="of all gateways together")
    parser.add_argument("--faults", type=float, default=5.0, help="of a hundred AWS calls")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another plan")
    parser.add_argument("--recording-time", type=int, default=12, help="seconds, shortened")
    parser.add_argument("--settle-delay", type=int, default=3, help="seconds, shortened")
    parser.add_argument(
        "--bin-dir",
        type=Path,
        default=REPOSITORY / "target" / "debug",
        help="where cargo left the programs",
    )
    parser.add_argument("--keep", action="store_true", help="keep the work folder in any case")
    arguments = parser.parse_args()
    for name in ("gateways", "alarms", "recording_time", "settle_delay"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if not 0 <= arguments.faults <= 50:
        parser.error("--faults must be from 0 to 50")
    return arguments


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(soak: Soak, ending: Ending, wrong: list[Violation], folder: Path) -> None:
    """The violations, and the story of each gateway concerned: whole in a file."""
    for violation in wrong:
        print(f"* {violation.gateway or 'the stack'}: {violation.sentence}", file=sys.stderr)
    concerned = list(dict.fromkeys(v.gateway for v in wrong if v.gateway))
    for number, gateway in enumerate(concerned):
        told = story.tell(ending, gateway, soak.happened)
        path = folder / f"story-{gateway}.txt"
        path.write_text(told + "\n")
        if number < _STORIES_SHOWN:
            print(f"\n--- the story of {gateway}, also in {path}\n{told}", file=sys.stderr)
        else:
            print(f"--- the story of {gateway} is in {path}", file=sys.stderr)


def main() -> int:
    """Soak."""
    arguments = _arguments()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _interrupt)
    started = time.monotonic()
    try:
        upstream.check(upstream.installed_version())
    except upstream.WrongUpstream as unusable:
        print(unusable, file=sys.stderr)
        return 2
    folder = REPOSITORY / "target" / "soak"
    work = folder / f"seed-{arguments.seed}-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    times = plan.Times(arguments.recording_time, arguments.settle_delay)
    size = Size(arguments.gateways, arguments.alarms, arguments.faults, arguments.seed, times)
    cache = REPOSITORY / "target" / "rehearsal" / "packages"
    soak = Soak(size, arguments.bin_dir.resolve(), work, cache)
    print(
        f"{size.alarms} alarms over {size.gateways} gateways, {size.faults:g} % of calls fail, "
        f"seed {size.seed}: alarms come for {times.span(size.alarms, size.gateways):.0f} s …",
        flush=True,
    )
    try:
        ended = soak.play()
    except program.Missing as missing:
        shutil.rmtree(work, ignore_errors=True)
        print(missing, file=sys.stderr)
        return 2
    except (deploy.DeployFailed, DidNotStart, RuntimeError) as failed:
        print(f"The soak could not be played (see {work}): {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if not arguments.keep:
            shutil.rmtree(work, ignore_errors=True)
        print("interrupted; everything that was started is stopped", file=sys.stderr)
        return 130
    wrong = judge(ended)
    print(f"\n{story.table(ended, wrong)}\n", flush=True)
    if wrong:
        print(
            f"The soak found {len(wrong)} violations (seed {size.seed}; everything is kept in "
            f"{work}):",
            file=sys.stderr,
        )
        _tell(soak, ended, wrong, work)
        return 1
    print(story.sentence(ended, time.monotonic() - started))
    if not arguments.keep:
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
