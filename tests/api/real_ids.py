"""Ids of things that are there, in the place of three of four ids that schemathesis invents.

Without them nearly every request ends at "there is no such report". What is invented to
be refused stays as it is, and so does what would remove the things.

NATSPIKE_REAL_IDS  JSON of Server.open_things
"""

import json
import os
from typing import Any

import schemathesis
from schemathesis import Case, GenerationMode, HookContext

# Options whose every value can be meant.
HARMLESS = ("by", "limit", "sensitive_ports")
LISTS = ("sources", "destinations", "services", "ports", "zones", "pairs", "charges")
REAL: dict[str, str] = json.loads(os.environ["NATSPIKE_REAL_IDS"])


def _is_kept(value: object) -> bool:
    """One of four, the same in every run."""
    return sum(repr(value).encode()) % 4 == 0


@schemathesis.hook
def before_call(_context: HookContext, case: Case, _kwargs: dict[str, Any]) -> None:
    """Puts ids in, and a source that can be read."""
    is_positive = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
    if not is_positive or case.method.upper() == "DELETE":
        return
    real = REAL.get(case.path.removeprefix("/api/v1/").split("/")[0])
    ids = case.path_parameters
    if real and ids and "id" in ids and not _is_kept(ids["id"]):
        ids["id"] = real
        if "list" in ids and ids["list"] not in LISTS:
            ids["list"] = LISTS[len(repr(ids["list"])) % len(LISTS)]
    if isinstance(case.body, dict) and not _is_kept(case.body):
        _fill(case.body)


def _fill(body: dict[str, Any]) -> None:
    if "sources" in body:
        body["sources"] = [REAL["source"]]
        if "report" in body:
            body["report"] = None
        options = body.get("options")
        if isinstance(options, dict):
            body["options"] = {name: options[name] for name in HARMLESS if name in options}
    for side in ("before", "after"):
        if side in body:
            body[side] = {"report": REAL["reports"]}
