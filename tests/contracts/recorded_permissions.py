"""Every role grants exactly what its function was seen to call.

`make test-permissions` runs this after the rehearsals, on the journals that
they left in target/journal. Its name keeps it out of the other contract tests,
which need no rehearsal. `test_permissions` holds the same roles against the
list in aws-calls.toml; so the list is true if both pass.

A soak hits functions at random, so what it reaches must be allowed, and what it
does not reach proves nothing: only scenarios count as a reason for a grant.
"""

from pathlib import Path
from typing import Any

import pytest
from iam_actions import by_lambda, granted, lacking, made, unused
from test_permissions import logical_id, statements

from lint.cloudformation import REPOSITORY, TEMPLATE, load
from rehearsal import journal, package

JOURNALS = REPOSITORY / "target" / "journal"
FOLDER = REPOSITORY / "tests" / "scenarios"
SCENARIOS = [path.stem for path in [*FOLDER.glob("*.toml"), *FOLDER.glob("meanwhile/*.toml")]]
# Not a scenario file: the stack is deleted while it records.
SCENARIOS += ["retirement"]
FUNCTIONS = sorted(package.functions(load(TEMPLATE)).values())


def recorded(folder: Path) -> dict[str, list[journal.Call]]:
    return {path.stem: journal.read(path) for path in sorted(folder.glob("*.jsonl"))}


@pytest.fixture(scope="module")
def journals() -> dict[str, list[journal.Call]]:
    found = recorded(JOURNALS)
    missing = [name for name in SCENARIOS if not found.get(name)]
    assert not missing, f"no journal of {', '.join(missing)}: run `make test-rehearsals`"
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_grants_exactly_what_its_function_calls(
    template: dict[str, Any], journals: dict[str, list[journal.Call]], function: str
) -> None:
    name = logical_id(function)
    allowed = granted(statements(template, f"{name}Role"), f"{name}Logs")
    properties = template["Resources"][name]["Properties"]
    allowed -= by_lambda(properties)
    played = {name: calls for name, calls in journals.items() if name in SCENARIOS}
    wrong = lacking(function, made(journals).get(function, {}), allowed)
    wrong += unused(function, made(played).get(function, {}), allowed)
    assert not wrong, "\n".join(wrong)


def test_nobody_else_calls(journals: dict[str, list[journal.Call]]) -> None:
    assert made(journals).keys() <= set(FUNCTIONS)
