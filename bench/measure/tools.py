"""The tools beside natspike, each in a Python environment of its own."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).parents[1]


@dataclass(frozen=True)
class Tool:
    """A package of PyPI and the script that does the work with it."""

    name: str
    """As it is chosen in BENCH_TOOLS and shown in the page."""
    package: str
    script: str
    share: float = 1.0
    """The part of the records that it is given; 1 for all but the slowest."""

    @property
    def is_floor(self) -> bool:
        """Whether it only inflates."""
        return self.script.startswith("inflate")


TOOLS = (
    Tool("DuckDB", "duckdb", "pairs-duckdb.py"),
    Tool("Polars", "polars", "pairs-polars.py"),
    Tool("pandas", "pandas", "pairs-pandas.py"),
    Tool("flowlogs-reader", "flowlogs-reader", "pairs-flowlogs-reader.py", share=0.02),
    Tool("igzip", "isal", "inflate-isal.py"),
    Tool("libdeflate", "deflate", "inflate-deflate.py"),
)


class NotInstalledError(Exception):
    """The tool cannot be had on this machine."""


def chosen(names: str) -> list[Tool]:
    """The tools of a list of names; all where there is none."""
    wanted = {name.strip().lower() for name in names.replace(",", " ").split()}
    known = {tool.name.lower() for tool in TOOLS} | {"natspike", "none"}
    if unknown := wanted - known:
        raise SystemExit(
            f"BENCH_TOOLS names {', '.join(sorted(unknown))}; "
            f"there are {', '.join(tool.name for tool in TOOLS)}"
        )
    return [tool for tool in TOOLS if not wanted or tool.name.lower() in wanted]


def install(tool: Tool, environments: Path) -> Path:
    """The Python that has the tool, installed from its lock file if need be."""
    lock = BENCH / "locks" / f"{tool.package}.txt"
    environment = environments / tool.package
    python = environment / "bin" / "python"
    stamp = environment / "lock.txt"
    if python.exists() and stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return python
    print(f"  installing {tool.name}", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", environment],
        [*pip, "--require-hashes", "--only-binary", ":all:", "-r", lock],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired as error:
            raise NotInstalledError("installing it took longer than ten minutes") from error
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise NotInstalledError(said[-1] if said else "it cannot be installed")
    stamp.write_bytes(lock.read_bytes())
    return python


def command(tool: Tool, python: Path, recording: Path, nat_address: str) -> list[str | Path]:
    """What is run for one figure."""
    words: list[str | Path] = [python, "-P", BENCH / "tools" / tool.script, recording]
    return words if tool.is_floor else [*words, nat_address]
