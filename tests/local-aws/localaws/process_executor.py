"""Runs Lambda functions as plain processes, without Docker.

LocalEmu starts a container per execution environment and finds the class that
does it through a plugin lookup (upstream `services/lambda_/invocation/
runtime_executor.py`). This patch answers that lookup itself with
`ProcessExecutor`: the unzipped `bootstrap` becomes a child process, and
`runtime_api` is the other end of its Runtime API.

Every process gets
* AWS_ENDPOINT_URL: the address in NATSPIKE_FRONT_URL, else the local AWS itself,
* AWS_SDK_UA_APP_ID: the function's kebab-case name, so that whoever reads the
  requests can tell which function sent them,
* AWS_EC2_METADATA_DISABLED: no search for credentials where there are none,
and a log file `<NATSPIKE_LAMBDA_LOGS>/<name>.log` that survives it.
"""

import contextlib
import os
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from localaws import lifeline
from localaws.runtime_api import Invocation, Outcome, RuntimeApi, error_outcome

_KEPT_ENVIRONMENT = ("PATH", "TMPDIR", "LANG", "SSL_CERT_FILE", "RUST_BACKTRACE")
_STOP_SECONDS = 3.0


def kebab_name(function_name: str) -> str:
    """The verb-object of a deployed function's name.

    CloudFormation names a function `<stack>-<LogicalId>-<random>`; the
    CamelCase logical id becomes kebab-case. A name without one is taken
    as it is.
    """
    for part in function_name.split("-"):
        if re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}", part):
            words = re.findall(r"[A-Z][a-z0-9]+", part.removesuffix("Function") or part)
            return "-".join(word.lower() for word in words)
    return function_name


class Sandbox:
    """One process of one function, and its Runtime API."""

    def __init__(self, code: Path, environment: dict[str, str], log: Path) -> None:
        self.api = RuntimeApi()
        bootstrap = code / "bootstrap"
        bootstrap.chmod(0o755)
        kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                lifeline.argv([str(bootstrap)]),
                cwd=code,
                env=kept
                | environment
                | {
                    "HOME": str(code),
                    "LAMBDA_TASK_ROOT": str(code),
                    "AWS_LAMBDA_RUNTIME_API": self.api.address,
                },
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        threading.Thread(target=self._wait, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def invoke(self, invocation: Invocation, timeout: float) -> Outcome:
        """One invocation; a process that misses the deadline is killed."""
        outcome = self.api.invoke(invocation)
        if outcome is not None:
            return outcome
        self.stop()
        return error_outcome(
            "Sandbox.Timedout",
            f"RequestId: {invocation.request_id} Error: Task timed out after {timeout:.2f} seconds",
        )

    def stop(self) -> None:
        """End the process and its Runtime API."""
        if self.alive:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.api.close()

    def _wait(self) -> None:
        code = self._process.wait()
        self.api.fail_all(
            error_outcome(
                "Runtime.ExitError",
                f"Error: Runtime exited with error: exit status {code}",
            )
        )


def _executor_class() -> type:
    """The class LocalEmu asks for. Made on demand: this module must import without LocalEmu."""
    from localemu.services.lambda_.invocation.lambda_models import InvocationResult
    from localemu.services.lambda_.invocation.runtime_executor import RuntimeExecutor

    class ProcessExecutor(RuntimeExecutor):
        """One execution environment: a process that is replaced when it has died."""

        def __init__(self, id: str, function_version: Any) -> None:
            super().__init__(id, function_version)
            self.name = kebab_name(function_version.id.function_name)
            logs = Path(os.environ["NATSPIKE_LAMBDA_LOGS"])
            logs.mkdir(parents=True, exist_ok=True)
            self.log = logs / f"{self.name}.log"
            self.environment: dict[str, str] = {}
            self.sandbox: Sandbox | None = None

        def start(self, env_vars: dict[str, Any]) -> None:
            self.environment = {k: str(v) for k, v in env_vars.items() if v is not None} | {
                "AWS_ENDPOINT_URL": os.environ.get("NATSPIKE_FRONT_URL")
                or env_vars["AWS_ENDPOINT_URL"],
                "AWS_SDK_UA_APP_ID": self.name,
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            self.function_version.config.code.prepare_for_execution()
            self.sandbox = self._new_sandbox()

        def _new_sandbox(self) -> Sandbox:
            code = Path(self.function_version.config.code.get_unzipped_code_location())
            return Sandbox(code, self.environment, self.log)

        def stop(self) -> None:
            if self.sandbox is not None:
                self.sandbox.stop()

        def get_address(self) -> str:
            return "127.0.0.1"

        def get_endpoint_from_executor(self) -> str:
            return "127.0.0.1"

        def get_runtime_endpoint(self) -> str:
            return f"http://{self.sandbox.api.address}" if self.sandbox else "http://127.0.0.1"

        def invoke(
            self, payload: dict[str, str], function_timeout: int | None = None
        ) -> InvocationResult:
            timeout = float(function_timeout or self.function_version.config.timeout)
            if self.sandbox is None or not self.sandbox.alive:
                if self.sandbox is not None:
                    self.sandbox.api.close()
                self.sandbox = self._new_sandbox()
            start = self.log.stat().st_size
            outcome = self.sandbox.invoke(
                Invocation(
                    request_id=payload["invoke-id"],
                    payload=payload["payload"].encode(),
                    function_arn=payload["invoked-function-arn"],
                    deadline_ms=int((time.time() + timeout) * 1000),
                    trace_id=payload.get("trace-id") or "",
                ),
                timeout,
            )
            return InvocationResult(
                request_id=payload["invoke-id"],
                payload=outcome.payload,
                is_error=outcome.is_error,
                logs=self._log_from(start),
            )

        def get_logs(self) -> str:
            return self._log_from(0)

        def _log_from(self, start: int) -> str:
            with self.log.open("rb") as log:
                log.seek(start)
                return log.read().decode(errors="replace")

        @classmethod
        def prepare_version(cls, function_version: Any) -> None:
            function_version.config.code.prepare_for_execution()

        @classmethod
        def cleanup_version(cls, function_version: Any) -> None:
            pass

    return ProcessExecutor


class _Plugin:
    """What LocalEmu's plugin manager would return for an executor."""

    def load(self) -> type:
        return _executor_class()


class _Plugins:
    """Stands in for LocalEmu's plugin manager: whatever is asked for, it is a process."""

    def exists(self, _name: str) -> bool:
        return True

    def load(self, _name: str) -> _Plugin:
        return _Plugin()


def install() -> None:
    """Patch LocalEmu: execution environments are processes."""
    from localemu.services.lambda_.invocation import runtime_executor

    runtime_executor.EXECUTOR_PLUGIN_MANAGER = _Plugins()
