"""natspike against another reader of flow logs: flowlogs-reader, for fields of versions 2 to 5.

The records are generated; flowlogs-reader reads them, this file adds up what
it read by the legs of a NAT gateway, and the real program must say the same.
"""

import json
import os
import random
import subprocess
from collections import Counter, defaultdict
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from flowlogs_reader import FlowRecord

REPOSITORY = Path(__file__).parents[2]
NATSPIKE = (
    REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target") / "debug" / "natspike"
).resolve()
NAT = "10.0.0.220"
START = 1_800_000_000

VERSION_2 = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
]
VERSION_3 = [
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
]
VERSION_4 = ["region", "az-id", "sublocation-type", "sublocation-id"]
VERSION_5 = ["pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction", "traffic-path"]
ALL = VERSION_2 + VERSION_3 + VERSION_4 + VERSION_5
WORKLOADS = ["10.0.1.5", "10.0.1.6", "10.0.12.255", "2001:db8::5"]
REMOTES = ["203.0.113.5", "198.51.100.77", "192.0.2.1", "2001:db8:ffff::9"]
SERVICES = {"203.0.113.5": "S3", "192.0.2.1": "DYNAMODB"}


def record(dice: random.Random) -> dict[str, str]:
    """One record of the gateway's interface, by field name; what is absent is a hyphen."""
    start = START + dice.randrange(600)
    common = {
        "version": "5",
        "account-id": "123456789012",
        "interface-id": "eni-0a1b2c3d4e5f60718",
        "start": str(start),
        "end": str(start + dice.choice([1, 59, 60])),
        "vpc-id": "vpc-0a1b2c3d",
        "subnet-id": "subnet-0a1b2c3d",
        "region": "eu-west-1",
        "az-id": "euw1-az1",
        "log-status": dice.choices(["OK", "NODATA", "SKIPDATA"], [18, 1, 1])[0],
    }
    if common["log-status"] != "OK":
        return common
    workload, remote = dice.choice(WORKLOADS), dice.choice(REMOTES)
    src, dst, pkt_src, pkt_dst = {
        "A": (workload, NAT, workload, remote),
        "B": (NAT, remote, NAT, remote),
        "C": (remote, NAT, remote, NAT),
        "D": (NAT, workload, remote, workload),
    }[dice.choice("ABCD")]
    return common | {
        "srcaddr": src,
        "dstaddr": dst,
        "pkt-srcaddr": pkt_src,
        "pkt-dstaddr": pkt_dst,
        "pkt-src-aws-service": SERVICES.get(pkt_src, "-"),
        "pkt-dst-aws-service": SERVICES.get(pkt_dst, "-"),
        "srcport": str(dice.randrange(65536)),
        "dstport": str(dice.randrange(65536)),
        "protocol": dice.choice(["6", "17", "1"]),
        "packets": str(dice.randrange(1, 1 << 20)),
        "bytes": str(dice.choice([40, 1500, dice.randrange(1 << 40), (1 << 62) + 1])),
        "action": dice.choices(["ACCEPT", "REJECT"], [9, 1])[0],
        "tcp-flags": str(dice.randrange(256)),
        "type": "IPv6" if ":" in src else "IPv4",
        "flow-direction": dice.choice(["ingress", "egress"]),
        "traffic-path": dice.choice(["-", "1", "8"]),
    }


def by_the_other_reader(columns: list[str], lines: list[str]) -> dict[str, Any]:
    """What flowlogs-reader reads, added up by leg, workload and remote."""
    fields = tuple(name.replace("-", "_") for name in columns)
    records, legs = Counter(), Counter()
    sources, pairs, services = defaultdict(Counter), defaultdict(Counter), Counter()
    times = []
    for line in lines:
        read = FlowRecord.from_cwl_event({"message": line}, fields)
        records["read"] += 1
        times += [read.start, read.end]
        if read.log_status != "OK":
            records[read.log_status.lower()] += 1
            continue
        records["parsed"] += 1
        if read.action == "REJECT":
            records["rejected"] += 1
            legs["rejected"] += read.bytes
            continue
        if read.dstaddr == NAT and read.pkt_dstaddr != NAT:
            leg, workload, remote = "in_from_source", read.srcaddr, read.pkt_dstaddr
            service = read.pkt_dst_aws_service
        elif read.srcaddr == NAT and read.pkt_srcaddr != NAT:
            leg, workload, remote = "out_to_source", read.dstaddr, read.pkt_srcaddr
            service = read.pkt_src_aws_service
        else:
            leg = "out_to_destination" if read.srcaddr == NAT else "in_from_destination"
            legs[leg] += read.bytes
            continue
        legs[leg] += read.bytes
        legs["processed"] += read.bytes
        sources[workload][leg] += read.bytes
        pairs[workload, remote][leg] += read.bytes
        services[service] += read.bytes
    seconds = [int(time.replace(tzinfo=UTC).timestamp()) for time in times]
    return {
        "records": records,
        "bytes": legs,
        "window": (min(seconds), max(seconds)),
        "sources": dict(sources),
        "pairs": dict(pairs),
        "services": services,
    }


def by_natspike(recording: Path) -> dict[str, Any]:
    """The same figures in the program's own report."""
    command = [NATSPIKE, "analyze", "--output", "json", "--top", "0", "--region", "eu-west-1"]
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run([*command, recording], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)

    return {
        "records": counted(report["records"]),
        "bytes": counted(report["bytes"]),
        "window": (report["window"]["start"], report["window"]["end"]),
        "sources": {row["address"]: legs(row) for row in report["sources"]},
        "pairs": {(row["source"], row["destination"]): legs(row) for row in report["pairs"]},
        "services": {row["aws_service"]: int(row["bytes"]) for row in report["services"]},
    }


def counted(figures: dict[str, Any]) -> dict[str, int]:
    """The figures that are not nought, as a Counter has them; large ones are texts in JSON."""
    return {
        name: int(figure)
        for name, figure in figures.items()
        if isinstance(figure, int | str) and int(figure)
    }


def legs(row: dict[str, Any]) -> dict[str, int]:
    """The charged legs of a row."""
    return counted({leg: row[leg] for leg in ("in_from_source", "out_to_source")})


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")
@pytest.mark.parametrize("seed", range(12))
def test_both_readers_see_the_same(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    columns = list(ALL)
    if seed:
        dice.shuffle(columns)
    lines = []
    for _ in range(2_000):
        made = record(dice)
        lines.append(" ".join(made.get(name, "-") for name in columns))
    recording = tmp_path / "recording.log"
    recording.write_text("\n".join([" ".join(columns), *lines]) + "\n")
    theirs, ours = by_the_other_reader(columns, lines), by_natspike(recording)
    assert theirs["records"]["parsed"] > 1_000
    for part, expected in theirs.items():
        assert ours[part] == expected, part
