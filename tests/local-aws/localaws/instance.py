"""Starts and stops a local AWS from another program.

```python
with LocalAws(work=Path("target/work")) as aws:
    boto3.client("sqs", **aws.credentials())
```
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

ACCOUNT = "000000000000"
REGION = "us-east-1"

_PACKAGE_FOLDER = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


class DidNotStart(Exception):
    """The local AWS ended or did not answer; the message carries the end of its log."""


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file, empty without one."""
    if not path.is_file():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


class LocalAws:
    """One running local AWS. `front_url` is where its Lambdas send their AWS calls."""

    def __init__(self, work: Path, front_url: str | None = None, port: int | None = None) -> None:
        self.work = work.resolve()
        self.front_url = front_url
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The endpoint of every service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the emulator."""
        assert self._process is not None, "the local AWS is not started"
        return self._process.pid

    @property
    def log(self) -> Path:
        """What the emulator itself says."""
        return self.work / "local-aws.log"

    @property
    def lambda_logs(self) -> Path:
        """One log file per function."""
        return self.work / "lambda"

    def credentials(self) -> dict[str, str]:
        """Keyword arguments for a boto3 client of this instance."""
        return {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }

    def launch(self) -> None:
        """Start the process; `wait` tells when it answers."""
        self.work.mkdir(parents=True, exist_ok=True)
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        surroundings["PYTHONPATH"] = str(_PACKAGE_FOLDER)
        if self.front_url is not None:
            surroundings["NATSPIKE_FRONT_URL"] = self.front_url
        command = [sys.executable, "-m", "localaws.serve", "--lifeline"]
        command += ["--port", str(self.port), "--work", str(self.work)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env=surroundings,
                cwd=self.work,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Return when the local AWS answers."""
        assert self._process is not None, "the local AWS is not started"
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if self._healthy():
                return
            time.sleep(0.1)
        code = self._process.poll()
        state = "did not answer" if code is None else f"ended with exit code {code}"
        self.stop()
        raise DidNotStart(f"the local AWS {state}; its log ends with:\n{tail(self.log, 20)}")

    def _healthy(self) -> bool:
        pid = self.work / "pid"
        if not pid.is_file() or pid.read_text() != str(self.pid):
            return False
        try:
            with urllib.request.urlopen(self.url + "/_localemu/health", timeout=2) as answer:
                return "services" in json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def stop(self) -> None:
        """End the emulator; its Lambdas end with it (see `lifeline`).

        Closing its standard input is enough and immediate: nothing is to be
        saved, and LocalEmu's own orderly end takes six seconds.
        """
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        self.launch()
        self.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
