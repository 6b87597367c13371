"""Spans of time as scenario files write them: `90`, `"60s"`, `"6m"`, `"1h30m"`."""

import re

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|d|h|m|s)")


def seconds(value: object) -> float:
    """A span in seconds; ValueError says what is wrong with it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f'{value!r} is not a span of time: write it like "6m"')
    if isinstance(value, int | float):
        if value < 0:
            raise ValueError(f"{value!r} is negative")
        return float(value)
    text = value.strip().replace(" ", "")
    if not text or not re.fullmatch(rf"(?:{_PART.pattern})+", text):
        raise ValueError(f'{value!r} is not a span of time: write it like "6m"')
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
