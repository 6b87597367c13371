"""The answers of custom resources: each once, and only where one is expected."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from localaws.custom_resources import Answers


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A server that takes answers."""
    server = Answers()
    yield server
    server.close()


def put(url: str, body: object) -> int:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def test_an_answer_is_read_where_it_is_expected(answers: Answers) -> None:
    one, first = answers.expect()
    other, second = answers.expect()
    assert put(second, {"Status": "FAILED"}) == 200
    assert put(first, {"Status": "SUCCESS"}) == 200
    assert answers.read(one, 5) == {"Status": "SUCCESS"}
    assert answers.read(other, 5) == {"Status": "FAILED"}


def test_an_answer_counts_once_and_none_comes_late(answers: Answers) -> None:
    name, url = answers.expect()
    assert put(url, 1) == 200
    assert put(url, 2) == 403
    assert answers.read(name, 5) == 1
    assert put(url, 3) == 403


def test_silence_is_no_answer(answers: Answers) -> None:
    name, _ = answers.expect()
    assert answers.read(name, 0.05) is None
