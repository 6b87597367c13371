"""`make bench`: measures everything and writes the page.

Settings come from the environment:
BENCH_RECORDS  sizes of the recordings, "1000000 5000000 20000000"
BENCH_TOOLS    names of the tools beside natspike, all by default; "none" for none
BENCH_ROUNDS   how often every figure is taken, 3
BENCH_PAGE     the page to write; by default docs/performance.md, and only
               where neither sizes nor tools were chosen
"""

import argparse
import os
from pathlib import Path

from . import page, tools
from .figures import Bench
from .recording import Recordings

REPOSITORY = Path(__file__).parents[2]
SIZES = "1000000 5000000 20000000"


def main() -> None:
    """Reads what to do, does it, prints it."""
    parser = argparse.ArgumentParser(prog="measure", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="natspike and traffic")
    parser.add_argument("--engine", type=Path, required=True, help="the engine's own program")
    parser.add_argument("--data", type=Path, required=True, help="where recordings are kept")
    parser.add_argument("--environments", type=Path, required=True, help="where tools are put")
    given = parser.parse_args()
    sizes = sorted(numbers("BENCH_RECORDS", SIZES))
    rounds = numbers("BENCH_ROUNDS", "3")[0]
    names = os.environ.get("BENCH_TOOLS", "")
    bench = Bench(
        natspike=(given.programs / "natspike").resolve(),
        engine=given.engine.resolve(),
        recordings=Recordings((given.programs / "traffic").resolve(), given.data.resolve()),
        environments=given.environments.resolve(),
        sizes=sizes,
        rounds=rounds,
        chosen=tools.chosen(names),
    )
    text = page.render(bench.measure(), rounds)
    print()
    print(text)
    whole = not names and not os.environ.get("BENCH_RECORDS")
    where = os.environ.get("BENCH_PAGE") or (REPOSITORY / "docs/performance.md" if whole else None)
    if where:
        page.insert(Path(where), text)
        print(f"written to {where}")
    else:
        print("docs/performance.md is only written by a run with all sizes and tools")


def numbers(name: str, default: str) -> list[int]:
    """Whole numbers above 0 from the environment."""
    text = (os.environ.get(name) or default).replace(",", " ").replace("_", "")
    try:
        values = [int(word) for word in text.split()]
    except ValueError:
        values = []
    if not values or min(values) < 1:
        raise SystemExit(f"{name} must be whole numbers above 0, and is {text!r}")
    return values


main()
