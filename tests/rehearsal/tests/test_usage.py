"""The command line: what cannot be played ends with exit code 2 and one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
SCENARIO = str(TESTS / "scenarios" / "never-clears.toml")


def _rehearse(*arguments):
    paths = [str(TESTS / "local-aws"), str(TESTS / "rehearsal")]
    return subprocess.run(
        [sys.executable, "-m", "rehearsal", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--scenario"),
        (["--scenario", "/nowhere.toml"], "cannot read scenario /nowhere.toml"),
        (["--scenario", SCENARIO, "--speed", "0"], "--speed must be greater than 0"),
        (["--scenario", SCENARIO, "--bin-dir", "/nowhere"], "run `cargo build -p front"),
    ],
)
def test_says_what_is_missing(arguments, sentence):
    result = _rehearse(*arguments)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
