"""What CloudFormation does with the project's macros, on this machine.

CloudFormation runs macros inside a template (`Fn::Transform`) before those of the
top-level `Transform` list, the deepest first, and hands their parameters over
unevaluated:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-overview.html
The macros run as the Rust they are, without the Lambda around them (see the
`examples` of their packages).
"""

import json
import os
import subprocess
from typing import Any

from lint.cloudformation import REPOSITORY

# Name of the macro and the example of its package that answers one request.
PROGRAMS = {
    "natspike-expand-gateways": "expand",
    "natspike-string-to-number": "convert",
}


class MacroFailed(Exception):
    """A macro refused; the text is its sentence."""


def answer(macro: str, event: dict[str, Any]) -> dict[str, Any]:
    """The answer of a macro to one request."""
    # Without --package: then the dependencies are those of the workspace's other builds,
    # and nothing is compiled a second time with fewer features.
    command = [os.environ.get("CARGO", "cargo"), "run", "--quiet", "--example", PROGRAMS[macro]]
    run = subprocess.run(
        command,
        input=json.dumps(event),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )
    if run.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{run.stderr}")
    return json.loads(run.stdout)


def transform(macro: str, fragment: Any, parameters: dict[str, Any], values: dict[str, str]) -> Any:
    """The fragment that a macro makes of a fragment."""
    reply = answer(
        macro,
        {
            "region": "eu-west-1",
            "accountId": "123456789012",
            "transformId": f"123456789012::{macro}",
            "requestId": "00000000-0000-4000-8000-000000000000",
            "params": parameters,
            "templateParameterValues": values,
            "fragment": fragment,
        },
    )
    if reply["status"] != "success":
        raise MacroFailed(reply["errorMessage"])
    return reply["fragment"]


def inner(node: Any, values: dict[str, str]) -> Any:
    """The node with every `Fn::Transform` to a macro of ours replaced, deepest first."""
    if isinstance(node, list):
        return [inner(entry, values) for entry in node]
    if not isinstance(node, dict):
        return node
    function = node.get("Fn::Transform")
    siblings = {key: inner(value, values) for key, value in node.items() if key != "Fn::Transform"}
    if function is None:
        return siblings
    if function["Name"] not in PROGRAMS:
        return {**siblings, "Fn::Transform": function}
    return transform(function["Name"], siblings, function.get("Parameters", {}), values)


def outer(template: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """The template after the macros of ours in its top-level `Transform` list."""
    for name in template["Transform"]:
        if name in PROGRAMS:
            template = transform(name, template, {}, values)
    rest = [name for name in template["Transform"] if name not in PROGRAMS]
    return {**template, "Transform": rest}


def expand(template: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """The template as CloudFormation sees it after the project's macros."""
    return outer(inner(template, values), values)
