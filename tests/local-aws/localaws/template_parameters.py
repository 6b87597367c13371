"""Treats template parameters as CloudFormation does.

LocalEmu ignores the constraints a template puts on its parameters (upstream
`services/cloudformation/v2/provider.py`), keeps a default of `Type: Number` as
a number although CloudFormation tells macros text, and then fails to
substitute such a number into the definition of a state machine (upstream
`services/stepfunctions/resource_providers/aws_stepfunctions_statemachine.py`).
This patch follows the method that resolves parameters and the function that
substitutes: values are text, and one that breaks a constraint is refused in
CloudFormation's words:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

import re
from typing import Any


def as_text(value: Any) -> str:
    """A default value as CloudFormation hands it on."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def violation(name: str, parameter: dict[str, Any], value: str) -> str | None:
    """Why a value breaks its parameter's constraints, None if it does not."""
    members = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
    members = [member.strip() for member in members] if len(members) > 1 else members
    allowed = [as_text(allowed) for allowed in parameter.get("AllowedValues") or []]
    if allowed and any(member not in allowed for member in members):
        return f"Parameter '{name}' must be one of AllowedValues"
    pattern = parameter.get("AllowedPattern")
    if pattern and any(not re.fullmatch(pattern, member) for member in members):
        explained = parameter.get("ConstraintDescription")
        reason = explained or f"must match pattern {pattern}"
        return f"Parameter '{name}' {'failed to satisfy constraint: ' if explained else ''}{reason}"
    limits = (
        ("MinValue", lambda limit: float(value) < limit, "must be a number not less than"),
        ("MaxValue", lambda limit: float(value) > limit, "must be a number not greater than"),
        ("MinLength", lambda limit: len(value) < limit, "must contain at least"),
        ("MaxLength", lambda limit: len(value) > limit, "must contain at most"),
    )
    for key, broken, words in limits:
        if key in parameter and broken(float(parameter[key])):
            unit = " characters" if key.endswith("Length") else ""
            return f"Parameter '{name}' {words} {parameter[key]}{unit}"
    return None


def install() -> None:
    """Patch LocalEmu: values are text, constraints hold."""
    from localemu.services.cloudformation.engine.validations import ValidationError
    from localemu.services.cloudformation.v2.provider import CloudformationProviderV2
    from localemu.services.stepfunctions.resource_providers import aws_stepfunctions_statemachine

    resolve = CloudformationProviderV2._resolve_parameters

    def resolve_as_cloudformation(
        template: dict[str, Any] | None, parameters: dict[str, Any] | None, *rest: Any
    ) -> dict[str, Any]:
        declared = (template or {}).get("Parameters") or {}
        for parameter in declared.values():
            if "Default" in parameter:
                parameter["Default"] = as_text(parameter["Default"])
        resolved = resolve(template, parameters, *rest)
        for name, value in resolved.items():
            text = value.get("given_value")
            if text is None:
                text = value.get("default_value")
            if text is not None and (why := violation(name, declared[name], text)):
                raise ValidationError(why)
        return resolved

    CloudformationProviderV2._resolve_parameters = staticmethod(resolve_as_cloudformation)

    substitute = aws_stepfunctions_statemachine._apply_substitutions

    def substitute_text(definition: str, substitutions: dict[str, Any]) -> str:
        texts = {name: as_text(value) for name, value in substitutions.items()}
        return substitute(definition, texts)

    aws_stepfunctions_statemachine._apply_substitutions = substitute_text
