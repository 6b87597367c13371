"""Reads every JSONPath of a state machine once.

LocalEmu reads a path anew each time a state uses it, and the reader builds its
tables of the grammar anew each time (upstream `services/stepfunctions/asl/utils/
json_path.py`). That is a tenth of all its work when many executions run at once.
"""

import functools


def install() -> None:
    """Patch LocalEmu: what a path was read as is remembered."""
    from localemu.services.stepfunctions.asl.utils import json_path

    json_path.parse = functools.cache(json_path.parse)
