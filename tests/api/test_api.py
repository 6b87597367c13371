"""Every operation of the API does what its document says, whatever is sent to it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from served import Server

HERE = Path(__file__).parent
EVENTS = "/api/v1/jobs/{id}/events"
# It ends a job's stream with the job, so it would be waited for.
LEFT_OUT = ["--exclude-path", EVENTS]


@pytest.mark.parametrize("phases", ["examples,coverage", "fuzzing", "stateful"])
def test_answers_as_the_document_says(server: Server, phases: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "NATSPIKE_REAL_IDS": json.dumps(server.open_things()),
        "SCHEMATHESIS_HOOKS": "real_ids",
        "PYTHONPATH": str(HERE),
    }
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", HERE / "schemathesis.toml", "run"),
        f"{server.address}/api/v1/openapi.json",
        *("-H", f"Authorization: Bearer {server.token}"),
        *("--phases", phases, "--checks", "all", "--continue-on-failure", "--no-color"),
        *LEFT_OUT,
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert server.ask("GET", "/api/v1/session").status == 200
