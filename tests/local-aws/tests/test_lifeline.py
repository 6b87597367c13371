"""No program outlives its starter."""

import subprocess
import sys
import time
from pathlib import Path

from example_lambda import is_running

from localaws import lifeline

PACKAGE = Path(lifeline.__file__).resolve().parent.parent


def _gone(pid: int) -> bool:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def _sleeper(pid_file: Path) -> list[str]:
    program = (
        f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    return lifeline.argv([sys.executable, "-c", program])


def _pid_in(pid_file: Path) -> int:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if pid_file.is_file() and pid_file.read_text():
            return int(pid_file.read_text())
        time.sleep(0.02)
    raise AssertionError("the program did not start")


def test_passes_the_exit_code_on():
    command = lifeline.argv([sys.executable, "-c", "raise SystemExit(7)"])
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(10) == 7


def test_says_what_it_cannot_run():
    command = lifeline.argv(["/nowhere/at-all"])
    result = subprocess.run(command, stdin=subprocess.PIPE, capture_output=True, text=True)
    assert result.returncode == 127
    assert result.stderr.startswith("cannot run /nowhere/at-all: ")


def test_kills_the_program_when_the_pipe_closes(tmp_path):
    process = subprocess.Popen(_sleeper(tmp_path / "pid"), stdin=subprocess.PIPE)
    pid = _pid_in(tmp_path / "pid")
    process.stdin.close()
    process.wait(10)
    assert _gone(pid)


def test_passes_sigterm_on(tmp_path):
    process = subprocess.Popen(_sleeper(tmp_path / "pid"), stdin=subprocess.PIPE)
    pid = _pid_in(tmp_path / "pid")
    process.terminate()
    assert process.wait(10) != 0
    assert _gone(pid)
    process.stdin.close()


def test_kills_the_program_when_the_starter_is_killed(tmp_path):
    program = (
        "import subprocess, sys, time; "
        f"p = subprocess.Popen({_sleeper(tmp_path / 'pid')!r}, stdin=subprocess.PIPE); "
        "time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", program])
    pid = _pid_in(tmp_path / "pid")
    starter.kill()
    starter.wait(10)
    assert _gone(pid)
