"""The document of the API is whole: everything that the page asks is in it."""

import re
from typing import Any

import pytest

from served import ROOT, Server

PAGE = ROOT / "crates/natspike/page/src"
LITERAL = re.compile(r"[\"`](/[a-z]+(?:/(?:[a-z-]+|\$\{[^}]*\}))*)[\"`]")
METHOD = re.compile(r"\bapi\.(get|post|remove)(?:<.*>)?\(\s*$")
NAMES = {"get": "get", "post": "post", "remove": "delete"}


def asked() -> list[tuple[str, str, str | None]]:
    """What the page's sources ask: file, path, and the method where it stands beside."""
    found = []
    for file in sorted(PAGE.rglob("*.ts*")):
        if ".test." in file.name:
            continue
        text = file.read_text()
        for match in LITERAL.finditer(text):
            method = METHOD.search(text[: match.start()])
            name = NAMES[method[1]] if method else None
            path = re.sub(r"\$\{[^}]*\}", "{}", match[1])
            if not path.startswith("/api/"):
                found.append((file.name, path, name))
    return found


def fits(path: str, documented: str) -> bool:
    """True if the path is one of a documented pattern."""
    parts, pattern = path.split("/"), documented.removeprefix("/api/v1").split("/")
    return len(parts) == len(pattern) and all(
        there.startswith("{") or part == there for part, there in zip(parts, pattern, strict=True)
    )


@pytest.fixture(scope="module")
def document(server: Server) -> Any:
    return server.ask("GET", "/api/v1/openapi.json").json()


def test_has_everything_that_the_page_asks(document: Any) -> None:
    calls = asked()
    assert len(calls) > 20
    missing = [
        (file, method, path)
        for file, path, method in calls
        if not any(
            fits(path, there) and (method is None or method in operations)
            for there, operations in document["paths"].items()
        )
    ]
    assert missing == []


def test_each_operation_has_a_name_of_its_own(document: Any) -> None:
    names = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert sorted(names) == sorted(set(names))


def test_every_refusal_is_a_problem_with_a_name(server: Server) -> None:
    for method, path, status in [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/reports/nothing", 404),
        ("PUT", "/api/v1/reports", 405),
        ("POST", "/api/v1/reports", 400),
        ("GET", "/api/v1/files?path=/etc", 403),
        ("GET", "/api/v1/files?path=../..", 403),
    ]:
        answer = server.ask(
            method, path, b"{" if method == "POST" else None, {"content-type": "application/json"}
        )
        assert answer.status == status, (method, path, answer.body)
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["name"] and problem["detail"] and problem["status"] == status
