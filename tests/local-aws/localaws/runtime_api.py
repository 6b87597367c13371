"""The Lambda Runtime API for one process, as `provided.al2023` binaries expect it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

One `RuntimeApi` serves one process: a process that was killed can never take
an invocation that was meant for its successor.
"""

import json
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the process."""

    request_id: str
    payload: bytes
    function_arn: str
    deadline_ms: int
    trace_id: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came back: the response, or an error document with errorType and errorMessage."""

    payload: bytes
    is_error: bool


def error_outcome(error_type: str, message: str) -> Outcome:
    """An outcome in the shape of Lambda's own errors."""
    document = {"errorType": error_type, "errorMessage": message}
    return Outcome(json.dumps(document).encode(), is_error=True)


class _Server(ThreadingHTTPServer):
    """One thread per connection; a process that goes away in mid-answer is no news."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what is wrong with us, not that the other side was killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class _Pending:
    done: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None


class RuntimeApi:
    """Hands invocations to the process that asks for them, and takes its answers."""

    def __init__(self) -> None:
        self._next: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._pending: dict[str, _Pending] = {}
        self._init_error: Outcome | None = None
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """`host:port`, the value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def invoke(self, invocation: Invocation) -> Outcome | None:
        """Send one event and wait for its outcome; None when the deadline passed without one."""
        pending = self._pending[invocation.request_id] = _Pending()
        try:
            if self._init_error is not None:
                return self._init_error
            self._next.put(invocation)
            pending.done.wait(max(0.0, invocation.deadline_ms / 1000 - time.time()))
            return pending.outcome
        finally:
            del self._pending[invocation.request_id]

    def fail_all(self, outcome: Outcome) -> None:
        """Answer everything that waits: the process has ended. Later invocations get the same."""
        if self._init_error is None:
            self._init_error = outcome
        for pending in list(self._pending.values()):
            if not pending.done.is_set():
                pending.outcome = self._init_error
                pending.done.set()

    def close(self) -> None:
        """Stop serving; a process that still waits for work loses its connection."""
        self._next.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request_id: str, outcome: Outcome) -> bool:
        pending = self._pending.get(request_id)
        if pending is None:
            return False
        pending.outcome = outcome
        pending.done.set()
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: the process writes its own log."""

            def do_GET(self) -> None:
                if self.path != _PREFIX + "invocation/next":
                    self._send(404, b"{}")
                    return
                invocation = api._next.get()
                if invocation is None:
                    self.close_connection = True
                    return
                self._send(
                    200,
                    invocation.payload,
                    {
                        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                        "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
                        "Lambda-Runtime-Trace-Id": invocation.trace_id,
                    },
                )

            def do_POST(self) -> None:
                body = self._body()
                parts = self.path.removeprefix(_PREFIX).split("/")
                match parts:
                    case ["init", "error"]:
                        api.fail_all(Outcome(body, is_error=True))
                        known = True
                    case ["invocation", request_id, "response"]:
                        known = api._answer(request_id, Outcome(body, is_error=False))
                    case ["invocation", request_id, "error"]:
                        known = api._answer(request_id, Outcome(body, is_error=True))
                    case _:
                        known = False
                if known:
                    self._send(202, b'{"status":"OK"}')
                else:
                    self._send(400, b'{"errorType":"InvalidRequestID"}')

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                return body

            def _send(
                self, status: int, body: bytes, headers: dict[str, str] | None = None
            ) -> None:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
