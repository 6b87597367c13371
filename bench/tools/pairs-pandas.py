"""Workload-remote sums of a gateway's recording, by pandas."""

import json
import sys

import pandas

recording, nat = sys.argv[1:]
TEXTS = ["srcaddr", "dstaddr", "action", "log-status", "pkt-srcaddr", "pkt-dstaddr"]
ENDS = ["workload", "remote", "bytes"]
records = pandas.read_csv(
    recording,
    sep=" ",
    na_values="-",
    quoting=3,
    usecols=[*TEXTS, "bytes"],
    dtype=dict.fromkeys(TEXTS, "category"),
)
records = records[(records["action"] == "ACCEPT") & (records["log-status"] == "OK")]
upload = records[(records["dstaddr"] == nat) & (records["pkt-dstaddr"] != nat)]
download = records[(records["srcaddr"] == nat) & (records["pkt-srcaddr"] != nat)]
both = pandas.concat(
    [
        upload[["srcaddr", "pkt-dstaddr", "bytes"]].set_axis(ENDS, axis=1),
        download[["dstaddr", "pkt-srcaddr", "bytes"]].set_axis(ENDS, axis=1),
    ]
)
pairs = both.groupby(["workload", "remote"], observed=True)["bytes"].sum()
print(json.dumps({"version": pandas.__version__, "pairs": len(pairs), "bytes": int(pairs.sum())}))
