"""`python -m measure.brush`: what a part of a recording costs, beside DuckDB.

Prints a table for docs/performance.md. Wall seconds, because somebody waits.
"""

import argparse
import tempfile
from pathlib import Path

from . import child, machine, page, tools


def main() -> None:
    """Measures a recording of `make bench`, each program in a process of its own."""
    parser = argparse.ArgumentParser(prog="measure.brush", description=__doc__)
    parser.add_argument("--cube", type=Path, required=True, help="the program of bench/engine")
    parser.add_argument("--recording", type=Path, required=True, help="plain text")
    parser.add_argument("--nat-address", required=True)
    parser.add_argument("--environments", type=Path, required=True, help="where tools are put")
    given = parser.parse_args()
    cube, recording = given.cube.resolve(), given.recording.resolve()
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "recording.cube"
        plain = child.run([cube, recording, "fold", kept]).answer()
        folded = child.run([cube, recording, "fold-by-time", kept]).answer()
        brushed = child.run([cube, recording, "brush", kept])
    own = brushed.answer()
    (duckdb,) = (tool for tool in tools.TOOLS if tool.name == "DuckDB")
    python = tools.install(duckdb, given.environments.resolve())
    script = tools.BENCH / "tools" / "brush-duckdb.py"
    other = child.run([python, "-P", script, recording, given.nat_address])
    print(f"{machine.processor()}, load average {machine.load()}.\n")
    rows = [
        ["CPU s, fold without time", f"{plain['fold_cpu_seconds']:.2f}", ""],
        ["CPU s, fold by time", f"{folded['fold_cpu_seconds']:.2f}", ""],
        ["CPU s, order and write", f"{sums(folded):.2f}", ""],
        ["MB on disk", f"{folded['file_bytes'] / 1e6:.1f}", ""],
        ["open, whole report included; of DuckDB: read into memory", *opened(own, other)],
    ]
    for one, two in zip(own["brushes"], other.answer()["brushes"], strict=True):
        for name in ("median", "worst"):
            field = f"{name}_seconds"
            what = f"{one['hundredths']} % of the time, {name} of 20"
            rows.append([what, f"{one[field]:.3f}", f"{two[field]:.3f}"])
    rows.append(["peak MB", f"{brushed.peak:,.0f}", f"{other.peak:,.0f}"])
    version = other.answer()["version"]
    print("\n".join(page.table(["seconds", "natspike", f"DuckDB {version}"], rows)))


def sums(folded: dict) -> float:
    """CPU seconds from the fold to the bytes of the file."""
    return folded["order_cpu_seconds"] + folded["encode_cpu_seconds"]


def opened(own: dict, other: child.Usage) -> list[str]:
    """Seconds until the first answer may be asked for."""
    return [f"{own['open_seconds']:.2f}", f"{other.answer()['open_seconds']:.2f}"]


main()
