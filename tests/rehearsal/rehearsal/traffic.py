"""Asks the `traffic` program for the scenario's flow records and for the truth about them."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.network import Gateway
from rehearsal.played import Delivery


@dataclass(frozen=True)
class Traffic:
    """Flow records with their due times, and what a correct report says about them."""

    deliveries: list[Delivery]
    truth: dict[str, Any]


def play(
    binary: Path, scenario: Path, gateway: Gateway, log_format: str, start: int, speed: float
) -> Traffic:
    """The traffic of a scenario through a gateway."""
    command = [str(binary), "play", "--scenario", str(scenario), "--interface", gateway.interface]
    for address in gateway.addresses:
        command += ["--nat-address", address]
    command += ["--log-format", log_format, "--start", str(start), "--speed", f"{speed:g}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"`traffic play` failed: {result.stderr.strip()}")
    return parse(result.stdout)


def parse(output: str) -> Traffic:
    """The JSON lines of `traffic play`; the last one is the truth."""
    deliveries = []
    truth = None
    for line in output.splitlines():
        document = json.loads(line)
        if "truth" in document:
            truth = document["truth"]
        else:
            deliveries.append(
                Delivery(float(document["due"]), int(document["timestamp"]), document["message"])
            )
    if truth is None:
        raise RuntimeError("`traffic play` did not say the truth about its records")
    return Traffic(deliveries, truth)
