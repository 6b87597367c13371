"""Every lint, by name.

`sam validate --lint` and cfn-lint judge the templates as they lie there; cfn-lint
also judges the recorder's template after the macros, which is what CloudFormation
gets to see; asl-validator judges the state machine as it lies there and with values
in the place of its substitutions. A warning fails like an error.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lint import cloudformation, macros
from lint.cloudformation import MACROS_TEMPLATE, REPOSITORY, TEMPLATE, WORKFLOW

HERE = Path(__file__).resolve().parents[1]
GATEWAYS = "nat-0123456789abcdef0, nat-0fedcba9876543210"

# Texts of the shape that the template puts in the place of each substitution.
SUBSTITUTES = {
    "LambdaInvoke": "arn:aws:states:::lambda:invoke",
    "LambdaInvokeWaitForTaskToken": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "SnsPublish": "arn:aws:states:::sns:publish",
    "TopicArn": "arn:aws:sns:eu-west-1:123456789012:natspike-ReportTopic",
    "LogGroup": "/natspike/natspike/00000000-0000-4000-8000-000000000000",
    "StackName": "natspike",
    "RecordingTime": "900",
    "NumOfRecordings": "0",
    "SettleDelay": "600",
    "NatRate": "",
}


def substituted(definition: str) -> str:
    """The state machine with a value in the place of every substitution."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in SUBSTITUTES:
            return SUBSTITUTES[name]
        return f"arn:aws:lambda:eu-west-1:123456789012:function:{name.removesuffix('Arn')}"

    return re.sub(r"\$\{(\w+)\}", value, definition)


def run_all() -> Iterator[tuple[str, str | None]]:
    """Run every lint; yields its name and, if it failed, what it said."""
    work = REPOSITORY / "target" / "lint"
    work.mkdir(parents=True, exist_ok=True)

    for template in (TEMPLATE, MACROS_TEMPLATE):
        name = str(template.relative_to(REPOSITORY))
        yield f"sam validate --lint {name}", _sam_validate(template)
        yield f"cfn-lint {name}", _cfn_lint(template)
    yield "cfn-lint template.yaml after the macros", _expanded(work)
    yield "asl-validator recorder.asl.json", _asl(WORKFLOW)
    filled = work / "recorder.asl.json"
    filled.write_text(substituted(WORKFLOW.read_text(encoding="utf-8")), encoding="utf-8")
    yield "asl-validator recorder.asl.json with values", _asl(filled)


def _expanded(work: Path) -> str | None:
    template = cloudformation.load(TEMPLATE)
    values = cloudformation.defaults(
        template, NatGatewayIDs=GATEWAYS, EmailAddress="operator@example.com"
    )
    path = work / "template.expanded.json"
    try:
        expanded = macros.expand(template, values)
    except (macros.MacroFailed, RuntimeError) as refused:
        return str(refused)
    path.write_text(json.dumps(expanded, indent=2), encoding="utf-8")
    # The template's local paths start at its own folder.
    (work / WORKFLOW.parent.name).mkdir(exist_ok=True)
    shutil.copy(WORKFLOW, work / WORKFLOW.parent.name)
    return _cfn_lint(path)


def _sam_validate(template: Path) -> str | None:
    sam = os.environ.get("SAM") or str(REPOSITORY / ".venv" / "sam" / "bin" / "sam")
    # SAM wants a region and would otherwise ask the machine's AWS configuration.
    return _run([sam, "validate", "--lint", "--region", "eu-west-1", "--template", str(template)])


def _cfn_lint(template: Path) -> str | None:
    # Also the informational rules; any finding at all is a non-zero exit code.
    return _run(
        [
            *(str(Path(sys.executable).with_name("cfn-lint")), "--include-checks", "I"),
            *("--non-zero-exit-code", "informational", "--regions", "eu-west-1", "us-east-1"),
            *("--template", str(template)),
        ]
    )


def _asl(definition: Path) -> str | None:
    validator = HERE / "node_modules" / ".bin" / "asl-validator"
    return _run([str(validator), "--json-path", str(definition)])


def _run(command: list[str]) -> str | None:
    environment = {
        **os.environ,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
    }
    try:
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env=environment,
            check=False,
        )
    except FileNotFoundError:
        return f"{command[0]} is not installed; tests/lint/run.sh says how"
    if run.returncode != 0:
        return (run.stdout + run.stderr).strip() or f"exit code {run.returncode}"
    return None
