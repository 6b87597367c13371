"""`natspike serve` as the tests start it: in a home of its own, with something open."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug"
SCENARIO = ROOT / "tests/scenarios/spike-s3.toml"
START = 1_800_000_000
PATIENCE = 30


@dataclass
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)


class Server:
    """A server that listens on loopback until it is stopped."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "NATSPIKE_STATE_DIR": str(folder / "state"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.data.mkdir()
        self._record()
        self._process = subprocess.Popen(
            [PROGRAMS / "natspike", "serve", ".", "--port", "0", "--max-upload", "65536"],
            cwd=self.data,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        address, _, self.token = self._process.stdout.readline().strip().partition("/?token=")
        assert self.token, "natspike serve printed no address"
        self.address = address

    def _record(self) -> None:
        files = [
            "--records",
            self.data / "spike.log.gz",
            "--truth",
            self.data.parent / "truth.json",
        ]
        how = ["--layout", "natspike", "--header", "--start", str(START)]
        command = [PROGRAMS / "traffic", "write", "--scenario", SCENARIO, *how, *files]
        subprocess.run(command, check=True)

    def stop(self) -> None:
        """Ends it, by its process id."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request; a body that is not bytes goes as JSON."""
        sent = {"authorization": f"Bearer {self.token}", **(headers or {})}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            kind = "application/octet-stream" if data is body else "application/json"
            sent.setdefault("content-type", kind)
        request = urllib.request.Request(self.address + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer of the API that must be good."""
        answer = self.ask(method, f"/api/v1{path}", body)
        assert answer.status < 300, answer.body
        return answer.json() if answer.body else None

    def follow(self, job: str) -> Any:
        """A job at its end."""
        end = time.monotonic() + PATIENCE
        while (found := self.call("GET", f"/jobs/{job}"))["state"] == "running":
            assert time.monotonic() < end, found
            time.sleep(0.05)
        return found

    def open_things(self) -> dict[str, str]:
        """A report, a job, a query and an upload; their ids by the first part of their path."""
        source = str(self.data / "spike.log.gz")
        report = self.call("POST", "/reports", {"sources": [source], "options": {}})
        if report["job"]:
            self.follow(report["job"])
        options = {"analysis": ["traffic-summary"]}
        asked = {"sources": [source], "options": options}
        job = self.follow(self.call("POST", "/investigations", asked)["id"])
        upload = self.call("POST", "/uploads?name=list.txt&kind=cidr-list", b"203.0.113.0/24\n")
        return {
            "source": source,
            "reports": report["id"],
            "jobs": job["id"],
            "queries": job["result"].rsplit("/", 1)[-1],
            "uploads": upload["id"],
        }
