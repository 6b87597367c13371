"""The deployable files, read once for all contract tests."""

import json
from typing import Any

import pytest

from lint import cloudformation, macros


@pytest.fixture(scope="session")
def gateways() -> list[str]:
    """The gateways that the deployment of these tests watches."""
    return ["nat-0123456789abcdef0", "nat-0fedcba9876543210"]


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml as it lies there."""
    return cloudformation.load(cloudformation.TEMPLATE)


@pytest.fixture(scope="session")
def values(template: dict[str, Any], gateways: list[str]) -> dict[str, str]:
    """Parameter values of a deployment that watches two gateways."""
    return cloudformation.defaults(
        template,
        NatGatewayIDs=" , ".join(gateways),
        EmailAddress="operator@example.com",
        Threshold="123456789",
    )


@pytest.fixture(scope="session")
def expanded(template: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """template.yaml after the project's macros."""
    return macros.expand(template, values)


@pytest.fixture(scope="session")
def workflow() -> dict[str, Any]:
    """The state machine."""
    return json.loads(cloudformation.WORKFLOW.read_text(encoding="utf-8"))
