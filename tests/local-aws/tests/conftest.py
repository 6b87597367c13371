"""One local AWS for all tests that need one, and a Lambda to run on it."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from example_lambda import BOOTSTRAP

from localaws.instance import LocalAws


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with an unzipped function."""
    folder = tmp_path / "code"
    folder.mkdir()
    bootstrap = folder / "bootstrap"
    bootstrap.write_text(BOOTSTRAP)
    bootstrap.chmod(bootstrap.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """The shared local AWS. Its front is a name only: no test Lambda calls AWS."""
    work = tmp_path_factory.mktemp("local-aws")
    with LocalAws(work, front_url="http://127.0.0.1:9") as aws:
        yield aws


@pytest.fixture(scope="session")
def client(local_aws: LocalAws) -> Callable[[str], Any]:
    """Makes boto3 clients of the shared local AWS."""
    return lambda service: boto3.client(service, **local_aws.credentials())
