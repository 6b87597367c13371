"""Packages a SAM template: the built binaries and the files it names go to S3.

What `sam package` does, for exactly the properties these templates use. The
binaries are taken as cargo left them, so nothing is ever compiled here.
"""

import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

FUNCTION = "AWS::Serverless::Function"
STATE_MACHINE = "AWS::Serverless::StateMachine"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short intrinsic functions."""


def _intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _intrinsic)
# A template's version and its keys are text, not dates and not booleans.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path: Path) -> dict[str, Any]:
    """A template file as plain data."""
    return yaml.load(path.read_text(), _Loader)


def binary_name(logical_id: str) -> str:
    """The binary of a function: `ClaimGateway` is `claim-gateway`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", logical_id).lower()


def functions(template: dict[str, Any]) -> dict[str, str]:
    """Logical id -> binary of every function in a template."""
    return {
        logical_id: binary_name(logical_id)
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == FUNCTION
    }


def programs(templates: Iterable[Path]) -> list[str]:
    """The binaries of every function in some templates."""
    return [binary for path in templates for binary in functions(load(path)).values()]


def zipped(binary: Path, cache: Path) -> bytes:
    """The function's zip: its binary as `bootstrap`, without debug symbols if `strip` is there."""
    state = binary.stat()
    key = hashlib.sha256(f"{binary} {state.st_size} {state.st_mtime_ns}".encode()).hexdigest()[:16]
    kept = cache / f"{binary.name}-{key}.zip"
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob(f"{binary.name}-{'[0-9a-f]' * 16}.zip"):
            old.unlink(missing_ok=True)
        partial = cache / f"{kept.name}.{id(state)}"
        partial.write_bytes(_zip(_stripped(binary, cache)))
        partial.rename(kept)
    return kept.read_bytes()


def _stripped(binary: Path, folder: Path) -> bytes:
    strip = shutil.which("strip")
    if strip is None:
        return binary.read_bytes()
    copy = folder / f"{binary.name}.stripped"
    result = subprocess.run([strip, "-o", str(copy), str(binary)], capture_output=True, check=False)
    try:
        return (copy if result.returncode == 0 else binary).read_bytes()
    finally:
        copy.unlink(missing_ok=True)


def _zip(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, content)
    return target.getvalue()


def package(
    template_path: Path, bin_dir: Path, cache: Path, upload: Callable[[str, bytes], dict[str, str]]
) -> str:
    """The template's text with every local file replaced by what `upload` returned for it."""
    template = load(template_path)
    for logical_id, binary in functions(template).items():
        properties = template["Resources"][logical_id]["Properties"]
        properties["CodeUri"] = upload(f"{binary}.zip", zipped(bin_dir / binary, cache))
        template["Resources"][logical_id].pop("Metadata", None)
    for resource in template["Resources"].values():
        uri = resource.get("Properties", {}).get("DefinitionUri")
        if resource["Type"] == STATE_MACHINE and isinstance(uri, str):
            content = (template_path.parent / uri).read_bytes()
            resource["Properties"]["DefinitionUri"] = upload(Path(uri).name, content)
    return json.dumps(template)
