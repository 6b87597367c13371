"""The environment: Python, the pinned upstream, the loopback interface."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from localaws import upstream

FOLDER = Path(__file__).resolve().parents[1]


def _find_python(**environment):
    return subprocess.run(
        [str(FOLDER / "find-python")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_finds_a_python_of_the_locked_version():
    found = _find_python(NATSPIKE_PYTHON=sys.executable)
    assert found.returncode == 0
    version = subprocess.check_output([found.stdout.strip(), "--version"], text=True)
    assert version.startswith("Python 3.13.")


def test_says_that_there_is_no_python():
    found = _find_python(NATSPIKE_PYTHON="/nowhere/python3.13")
    assert found.returncode == 2
    assert found.stdout == ""
    assert "no Python 3.13" in found.stderr
    assert "NATSPIKE_PYTHON" in found.stderr


def test_the_lock_file_pins_the_patched_version():
    lock = (FOLDER / "requirements.txt").read_text()
    assert re.search(rf"^localemu(?:\[\w+\])?=={re.escape(upstream.PINNED)} ", lock, re.M)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-sam.txt"])
def test_lock_files_pin_everything_with_hashes_and_no_index(name):
    lock = (FOLDER / name).read_text()
    assert "http" not in lock
    pins = re.findall(r"^[a-z0-9].*$", lock, re.M | re.I)
    assert pins
    for pin in pins:
        assert re.match(r"[\w.\-]+(\[[\w,\-]+\])?==\S+ .*\\$", pin), pin
    assert lock.count("--hash=sha256:") >= len(pins)


def test_accepts_the_pinned_upstream():
    upstream.check(upstream.PINNED)
    assert upstream.installed_version() == upstream.PINNED


@pytest.mark.parametrize(
    ("installed", "words"), [("1.4.0", "1.4.0 is installed"), (None, "none is installed")]
)
def test_refuses_any_other_upstream(installed, words):
    with pytest.raises(upstream.WrongUpstream, match=words):
        upstream.check(installed)


def test_a_wrong_upstream_ends_with_exit_code_2(tmp_path):
    program = (
        "import sys; from localaws import serve, upstream; upstream.PINNED = '0.0.1'; "
        f"sys.argv = ['serve', '--work', {str(tmp_path)!r}]; sys.exit(serve.main())"
    )
    surroundings = {**os.environ, "PYTHONPATH": str(FOLDER)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=surroundings, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "needs LocalEmu 0.0.1, but" in result.stderr


def test_binds_to_loopback_whatever_is_asked_for():
    program = (
        "import socket; from localaws import loopback; loopback.install()\n"
        "for host in ('', '0.0.0.0'):\n"
        "    s = socket.socket(); s.bind((host, 0)); print(s.getsockname()[0])\n"
        "s = socket.socket(socket.AF_INET6)\n"
        "try: s.bind(('::', 0)); print(s.getsockname()[0])\n"
        "except OSError: print('::1')\n"
    )
    surroundings = {**os.environ, "PYTHONPATH": str(FOLDER)}
    output = subprocess.check_output([sys.executable, "-c", program], env=surroundings, text=True)
    assert output.split() == ["127.0.0.1", "127.0.0.1", "::1"]
