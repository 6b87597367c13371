"""The HTTP front between the Lambdas and the local AWS: started, given rules, asked for hits."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from localaws.instance import free_port
from rehearsal.program import Background

_START_SECONDS = 10.0


class Front:
    """One running front. The upstream may start later than the front does."""

    def __init__(self, binary: Path, work: Path) -> None:
        self.binary = binary
        self.work = work
        self.journal = work / "front.jsonl"
        self.port = free_port()
        self._program: Background | None = None

    @property
    def url(self) -> str:
        """Where the Lambdas send their AWS calls."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, upstream: str, faults: tuple[dict[str, Any], ...]) -> None:
        """Start it with the scenario's faults as rules, and wait until it answers."""
        rules = self.work / "front-rules.json"
        rules.write_text(json.dumps(list(faults)))
        command = [str(self.binary), "--listen", f"127.0.0.1:{self.port}", "--upstream", upstream]
        command += ["--journal", str(self.journal), "--rules", str(rules)]
        self._program = Background(command, self.work / "front.log")
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self._program.ended:
            try:
                self._get("health")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the front did not start; it said:\n{self._program.last_words()}")

    def rules(self) -> list[dict[str, Any]]:
        """Every rule with how often it hit."""
        answer = json.loads(self._get("rules"))
        return answer["rules"] if isinstance(answer, dict) else answer

    def _get(self, what: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}/_front/{what}", timeout=5) as answer:
            return answer.read()

    def stop(self) -> None:
        """End it."""
        if self._program is not None:
            self._program.stop()
