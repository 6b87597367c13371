"""Deploys this repository's two stacks into the local AWS, as `sam deploy` would.

Package, CreateChangeSet, ExecuteChangeSet: the same calls in the same order,
without the 20 seconds that `sam` itself takes.
"""

import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal import network, package

BUCKET = "natspike-rehearsal-artifacts"
MAX_INLINE_TEMPLATE = 51_200
_SECONDS = 90.0
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def parameters(gateways: Iterable[network.Gateway]) -> dict[str, str]:
    """What every deployment of the main stack needs."""
    return {
        # The space after the comma is meant: the macro has to trim it.
        "NatGatewayIDs": ", ".join(gateway.id for gateway in gateways),
        "EmailAddress": "operator@example.com",
        "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
    }


class DeployFailed(Exception):
    """A stack did not come up; the message carries CloudFormation's reasons."""


class Deployer:
    """Deploys templates whose functions are binaries in `bin_dir`."""

    def __init__(self, cloudformation: Any, s3: Any, bin_dir: Path, cache: Path) -> None:
        self._cloudformation = cloudformation
        self._s3 = s3
        self._bin_dir = bin_dir
        self._cache = cache
        s3.create_bucket(Bucket=BUCKET)

    def deploy(self, template: Path, stack: str, parameters: dict[str, str]) -> dict[str, str]:
        """Create a stack and return its outputs."""

        def upload(name: str, content: bytes) -> dict[str, str]:
            key = f"{stack}/{name}"
            self._s3.put_object(Bucket=BUCKET, Key=key, Body=content)
            return {"Bucket": BUCKET, "Key": key}

        body = package.package(template, self._bin_dir, self._cache, upload)
        loaded = package.load(template)
        declared = loaded.get("Parameters") or {}
        unknown = sorted(set(parameters) - set(declared))
        if unknown:
            raise DeployFailed(f"{template.name} has no parameter {', '.join(unknown)}")
        self._change_set(stack, body, parameters)
        self._cloudformation.execute_change_set(StackName=stack, ChangeSetName="rehearsal")
        outputs = loaded.get("Outputs") or {}
        # Those on a condition come with the others or not at all.
        always = {name for name, output in outputs.items() if "Condition" not in output}
        return self._outputs(stack, always)

    def _change_set(self, stack: str, body: str, parameters: dict[str, str]) -> None:
        if len(body.encode()) > MAX_INLINE_TEMPLATE:
            key = f"{stack}/template.json"
            self._s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())
            where = {"TemplateURL": f"{self._s3.meta.endpoint_url}/{BUCKET}/{key}"}
        else:
            where = {"TemplateBody": body}
        given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
        names = {"StackName": stack, "ChangeSetName": "rehearsal"}
        try:
            self._cloudformation.create_change_set(
                **names,
                **where,
                ChangeSetType="CREATE",
                Capabilities=_CAPABILITIES,
                Parameters=given,
            )
        except ClientError as error:
            raise DeployFailed(f"stack {stack}: {error.response['Error']['Message']}") from error
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            change_set = self._cloudformation.describe_change_set(**names)
            if change_set["Status"] == "CREATE_COMPLETE":
                return
            if change_set["Status"] == "FAILED":
                reason = change_set.get("StatusReason", "no reason given")
                raise DeployFailed(f"stack {stack}: the change set failed: {reason}")
            time.sleep(0.1)
        raise DeployFailed(f"stack {stack}: the change set took more than {_SECONDS:.0f} s")

    def _outputs(self, stack: str, expected: set[str]) -> dict[str, str]:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            described = self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            status = described["StackStatus"]
            outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
            if status == "CREATE_COMPLETE" and expected <= outputs.keys():
                return outputs
            # The local AWS says that a stack is complete a moment before it has its outputs.
            if status not in (
                "CREATE_COMPLETE",
                "REVIEW_IN_PROGRESS",
                "CREATE_IN_PROGRESS",
                "ROLLBACK_IN_PROGRESS",
            ):
                raise DeployFailed(f"stack {stack} is {status}: {self._reasons(stack)}")
            time.sleep(0.1)
        raise DeployFailed(f"stack {stack} took more than {_SECONDS:.0f} s")

    def _reasons(self, stack: str) -> str:
        resources = self._cloudformation.describe_stack_resources(StackName=stack)
        failed = [
            f"{resource['LogicalResourceId']}: {resource.get('ResourceStatusReason', '')}"
            for resource in resources["StackResources"]
            if resource["ResourceStatus"].endswith("FAILED")
        ]
        return "; ".join(failed) or "no resource says why"
