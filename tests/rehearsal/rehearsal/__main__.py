"""`python -m rehearsal`: exit code 0 = as it had to be, 1 = not, 2 = usage."""

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
from rehearsal import deploy, program, scenario
from rehearsal.console import Console
from rehearsal.story import REPOSITORY, Rehearsal, Stage


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal",
        description="Deploys this repository's stack into a local AWS, plays a NAT spike "
        "and checks the mail.",
    )
    parser.add_argument("--scenario", type=Path, required=True, help="a file of tests/scenarios")
    parser.add_argument("--speed", type=float, default=60.0, help="divides the scenario's times")
    parser.add_argument(
        "--bin-dir",
        type=Path,
        default=REPOSITORY / "target" / "debug",
        help="where cargo left the programs",
    )
    parser.add_argument("--keep", action="store_true", help="keep the work folder in any case")
    arguments = parser.parse_args()
    if not arguments.speed > 0:
        parser.error("--speed must be greater than 0")
    return arguments


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Play a scenario."""
    arguments = _arguments()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, _interrupt)
    started = time.monotonic()
    try:
        upstream.check(upstream.installed_version())
        read = scenario.read(arguments.scenario)
    except (upstream.WrongUpstream, scenario.BadScenario) as unusable:
        print(unusable, file=sys.stderr)
        return 2
    folder = REPOSITORY / "target" / "rehearsal"
    work = folder / f"{read.path.stem}-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    stage = Stage(
        scenario=read,
        speed=arguments.speed,
        bin_dir=arguments.bin_dir.resolve(),
        work=work,
        cache=folder / "packages",
        console=Console(),
    )
    rehearsal = Rehearsal(stage)
    try:
        deviations = rehearsal.play()
    except program.Missing as missing:
        shutil.rmtree(work, ignore_errors=True)
        print(missing, file=sys.stderr)
        return 2
    except (deploy.DeployFailed, DidNotStart, RuntimeError) as failed:
        deviations = [str(failed)]
    except BrokenPipeError:
        # Whoever read along has gone: end quietly, without a verdict.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
        if not arguments.keep:
            shutil.rmtree(work, ignore_errors=True)
        return 1
    except KeyboardInterrupt:
        if not arguments.keep:
            shutil.rmtree(work, ignore_errors=True)
        print("interrupted; everything that was started is stopped", file=sys.stderr)
        return 130
    if deviations:
        rehearsal.show_logs()
        print(f"\nThe rehearsal failed (everything is kept in {work}):", file=sys.stderr)
        for deviation in deviations:
            print(f"* {deviation}", file=sys.stderr)
        return 1
    told = "every number true" if read.mail == "report" else "it says what went wrong"
    stage.console.text(
        f"The rehearsal went well in {time.monotonic() - started:.0f} s: one mail, {told}, "
        f"no flow log left, the gateway free, {rehearsal.calls()} AWS calls of the Lambdas."
    )
    if not arguments.keep:
        shutil.rmtree(work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
