"""Who has no token, comes from elsewhere or sends too much is refused."""

import socket

import pytest

from served import Server

SECRET = "/api/v1/session"


@pytest.mark.parametrize(
    "path", ["/", "/app.js", SECRET, "/api/v1/openapi.json", "/api/v1/reports"]
)
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer 00000000000000000000000000000000"])
def test_refuses_without_the_token(server: Server, path: str, token: str) -> None:
    answer = server.ask("GET", path, headers={"authorization": token})
    assert answer.status == 401
    assert server.token.encode() not in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://example.com"},
        {"origin": "null"},
        {"host": "example.com"},
        {"host": "127.0.0.1.example.com"},
    ],
)
def test_refuses_who_comes_from_elsewhere(server: Server, headers: dict[str, str]) -> None:
    assert server.ask("GET", SECRET, headers=headers).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/files?path=%2Fetc%2F",
        "/api/v1/files?path=..%2F..%2F..%2Fetc",
        "/api/v1/uploads/..%2F..",
    ],
)
def test_gives_nothing_outside_of_its_folders(server: Server, path: str) -> None:
    answer = server.ask("GET", path)
    assert answer.status in {400, 403, 404, 405}
    assert b"root:" not in answer.body


def test_refuses_an_upload_of_two_gigabytes_before_it_is_sent(server: Server) -> None:
    host, _, port = server.address.removeprefix("http://").partition(":")
    head = (
        "POST /api/v1/uploads?name=a&kind=flow-log HTTP/1.1\r\n"
        f"host: {host}:{port}\r\nauthorization: Bearer {server.token}\r\n"
        f"content-type: application/octet-stream\r\ncontent-length: {2 << 30}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 413 "), answer


def test_refuses_an_upload_without_a_length_that_grows_too_large(server: Server) -> None:
    host, _, port = server.address.removeprefix("http://").partition(":")
    head = (
        "POST /api/v1/uploads?name=a&kind=flow-log HTTP/1.1\r\n"
        f"host: {host}:{port}\r\nauthorization: Bearer {server.token}\r\n"
        "content-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + chunk * 3)
        answer = connection.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 413 "), answer


def test_every_answer_shuts_the_page_off_from_others(server: Server) -> None:
    for path in ["/", "/app.js", SECRET]:
        headers = {name.lower(): value for name, value in server.ask("GET", path).headers.items()}
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy or "default-src 'self'" in policy
        assert "unsafe-inline" not in policy and "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
