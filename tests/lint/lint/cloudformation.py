"""CloudFormation templates as plain data.

Reads YAML with CloudFormation's short forms (`!Ref`, `!Sub`, ...) into the long
forms that CloudFormation itself hands to macros:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
TEMPLATE = REPOSITORY / "template.yaml"
MACROS_TEMPLATE = REPOSITORY / "cf-assistive-macros" / "template.yaml"
WORKFLOW = REPOSITORY / "statemachine" / "recorder.asl.json"


class _Loader(yaml.SafeLoader):
    """YAML without the guesses that CloudFormation does not make."""


# CloudFormation keeps 2010-09-09 a text.
_Loader.yaml_implicit_resolvers = {
    first: [entry for entry in resolvers if entry[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _short_form)


def load(path: Path) -> dict[str, Any]:
    """Read a template file into plain data with the long forms of all functions."""
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=_Loader)  # noqa: S506 (a safe loader with tags)


def defaults(template: dict[str, Any], **given: str) -> dict[str, str]:
    """Parameter values of a deployment: the defaults, and what is given, as texts."""
    values = {
        name: str(parameter["Default"])
        for name, parameter in template["Parameters"].items()
        if "Default" in parameter
    }
    values.update(given)
    missing = template["Parameters"].keys() - values.keys()
    assert not missing, f"no value for {sorted(missing)}"
    return values
