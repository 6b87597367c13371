"""The real `natspike` at a desk: what somebody types about the stack while it records."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

_SECONDS = 120.0


class Refused(RuntimeError):
    """The command failed; the message has what it said."""


def environment(credentials: dict[str, str], home: Path) -> dict[str, str]:
    """What the program finds in its environment: the local AWS, and a home of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "NATSPIKE_"))}
    return kept | {
        "AWS_ENDPOINT_URL": credentials["endpoint_url"],
        "AWS_REGION": credentials["region_name"],
        "AWS_ACCESS_KEY_ID": credentials["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": credentials["aws_secret_access_key"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "NATSPIKE_STATE_DIR": str(home / "state"),
        "NATSPIKE_CACHE_DIR": str(home / "cache"),
    }


class Desk:
    """Runs the program against the local AWS, with a home of its own."""

    def __init__(self, program: Path, environment: dict[str, str], stack: str) -> None:
        self._program = program
        self._environment = environment
        self._stack = stack

    def run(self, *arguments: str) -> str:
        """What the command prints; nobody is at its standard input."""
        done = subprocess.run(
            [self._program, *arguments, "--stack", self._stack],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            what = " ".join(arguments)
            raise Refused(f"natspike {what} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def start(self, gateway: str) -> str:
        """Begin a recording; gives its execution. Without --yes nobody is there to agree."""
        try:
            self.run("record", "start", gateway)
        except Refused as refused:
            if "--yes" not in str(refused):
                raise
        else:
            raise Refused("natspike record start began a recording without being sure")
        return self.run("record", "start", gateway, "--yes").strip()

    def stop(self, named: str) -> str:
        """Stop a recording; gives what is said of it."""
        return self.run("record", "stop", named).strip()

    def recordings(self) -> list[dict[str, Any]]:
        """The list, the newest first."""
        said = json.loads(self.run("record", "list", "--output", "json"))
        return said["recordings"]

    def report(self, execution: str) -> dict[str, Any]:
        """The desk's own report of a recording."""
        source = f"recording:{execution}"
        return json.loads(self.run("analyze", source, "--output", "json", "--quiet"))
