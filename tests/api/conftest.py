"""The server that the tests ask."""

from collections.abc import Iterator

import pytest

from served import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("api"))
    yield server
    server.stop()
