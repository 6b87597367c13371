"""Workload-remote sums of a gateway's recording, by flowlogs-reader."""

import gzip
import json
import sys
from collections import Counter
from importlib.metadata import version

from flowlogs_reader import FlowRecord

recording, nat = sys.argv[1:]
pairs: Counter[tuple[str, str]] = Counter()
with gzip.open(recording, "rt") as lines:
    fields = [name.replace("-", "_") for name in next(lines).split()]
    for line in lines:
        record = FlowRecord(dict(zip(fields, line.split(), strict=True)))
        if record.action != "ACCEPT" or record.log_status != "OK":
            continue
        if record.dstaddr == nat and record.pkt_dstaddr != nat:
            pairs[record.srcaddr, record.pkt_dstaddr] += record.bytes
        elif record.srcaddr == nat and record.pkt_srcaddr != nat:
            pairs[record.dstaddr, record.pkt_srcaddr] += record.bytes
print(
    json.dumps(
        {
            "version": version("flowlogs-reader"),
            "pairs": len(pairs),
            "bytes": sum(pairs.values()),
        }
    )
)
