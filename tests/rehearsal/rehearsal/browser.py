"""A browser, as far as a server on loopback can tell: its cookie, its Origin, its requests."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

API = "/api/v1"
_SECONDS = 120.0


@dataclass(frozen=True)
class Answer:
    """A status, and the JSON that came with it, if any did."""

    status: int
    said: Any

    @property
    def name(self) -> str:
        """The stable name of a problem."""
        return str(self.said.get("name", "")) if isinstance(self.said, dict) else ""

    @property
    def detail(self) -> str:
        """What a problem says to do."""
        return str(self.said.get("detail", "")) if isinstance(self.said, dict) else ""

    def __str__(self) -> str:
        return f"{self.status} {self.name} {self.detail}".strip()


class Browser:
    """Opens the address that was printed, and asks on with the cookie that it got."""

    def __init__(self, printed: str) -> None:
        self._address = urlsplit(printed)
        self.origin = f"http://{self._address.netloc}"
        status, headers, _ = self._send("GET", f"/?{self._address.query}", {})
        if status != 303 or "Set-Cookie" not in headers:
            raise RuntimeError(f"the printed address is answered with {status} and no cookie")
        self._cookie = headers["Set-Cookie"].partition(";")[0]

    def get(self, path: str) -> Answer:
        """What is there."""
        return self.ask("GET", path)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        origin: str | None = "",
        has_cookie: bool = True,
    ) -> Answer:
        """A request of the API; `origin` None is left out, and without one it is the page's own."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if has_cookie:
            headers["Cookie"] = self._cookie
        if method != "GET" and origin is not None:
            headers["Origin"] = origin or self.origin
        text = None if body is None else json.dumps(body)
        status, _, said = self._send(method, API + path, headers, text)
        try:
            return Answer(status, json.loads(said) if said else None)
        except ValueError:
            return Answer(status, said.decode(errors="replace"))

    def _send(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection(self._address.netloc, timeout=_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()
