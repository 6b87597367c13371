"""The Runtime API as a `provided.al2023` binary sees it."""

import http.client
import json
import threading
import time

import pytest

from localaws.runtime_api import Invocation, Outcome, RuntimeApi

PREFIX = "/2018-06-01/runtime/"


@pytest.fixture
def api():
    api = RuntimeApi()
    yield api
    api.close()


def _call(api, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(api.address, timeout=5)
    chunked = "Transfer-Encoding" in (headers or {})
    connection.request(method, PREFIX + path, body, headers or {}, encode_chunked=chunked)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def _invocation(id="r-1", seconds=5.0):
    deadline = int((time.time() + seconds) * 1000)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    return Invocation(id, b'{"a":1}', arn, deadline, "Root=1-2-3")


def _invoke(api, invocation):
    box = []
    thread = threading.Thread(target=lambda: box.append(api.invoke(invocation)))
    thread.start()
    return thread, box


def test_listens_on_loopback_only(api):
    assert api.address.startswith("127.0.0.1:")


def test_hands_out_the_event_with_its_headers(api):
    thread, _ = _invoke(api, _invocation())
    answer, body = _call(api, "GET", "invocation/next")
    assert json.loads(body) == {"a": 1}
    assert answer.headers["Lambda-Runtime-Aws-Request-Id"] == "r-1"
    assert answer.headers["Lambda-Runtime-Trace-Id"] == "Root=1-2-3"
    assert int(answer.headers["Lambda-Runtime-Deadline-Ms"]) > time.time() * 1000
    assert answer.headers["Lambda-Runtime-Invoked-Function-Arn"].endswith(":function:f")
    _call(api, "POST", "invocation/r-1/response", b"{}")
    thread.join(5)


@pytest.mark.parametrize(("kind", "is_error"), [("response", False), ("error", True)])
def test_takes_the_answer(api, kind, is_error):
    thread, box = _invoke(api, _invocation())
    _call(api, "GET", "invocation/next")
    answer, _ = _call(api, "POST", f"invocation/r-1/{kind}", b'{"b":2}')
    thread.join(5)
    assert answer.status == 202
    assert box == [Outcome(b'{"b":2}', is_error)]


def test_takes_a_chunked_answer(api):
    thread, box = _invoke(api, _invocation())
    _call(api, "GET", "invocation/next")
    _call(
        api,
        "POST",
        "invocation/r-1/response",
        iter([b'{"b"', b":2}"]),
        {"Transfer-Encoding": "chunked"},
    )
    thread.join(5)
    assert box == [Outcome(b'{"b":2}', False)]


def test_refuses_the_answer_to_an_unknown_request(api):
    answer, _ = _call(api, "POST", "invocation/r-9/response", b"{}")
    assert answer.status == 400


def test_gives_up_at_the_deadline(api):
    assert api.invoke(_invocation(seconds=0.05)) is None


def test_fails_what_waits_when_the_process_ends(api):
    thread, box = _invoke(api, _invocation())
    _call(api, "GET", "invocation/next")
    ended = Outcome(b'{"errorType":"Runtime.ExitError"}', is_error=True)
    api.fail_all(ended)
    thread.join(5)
    assert box == [ended]
    assert api.invoke(_invocation("r-2")) == ended


def test_keeps_the_error_of_the_initialization(api):
    _call(api, "POST", "init/error", b'{"errorType":"Invalid"}')
    assert api.invoke(_invocation()) == Outcome(b'{"errorType":"Invalid"}', is_error=True)
