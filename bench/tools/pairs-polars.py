"""Workload-remote sums of a gateway's recording, by Polars."""

import json
import sys

import polars as pl
from polars import col

recording, nat = sys.argv[1:]
upload = (col("dstaddr") == nat) & (col("pkt-dstaddr") != nat)
download = (col("srcaddr") == nat) & (col("pkt-srcaddr") != nat)
pairs = (
    pl.scan_csv(
        recording,
        separator=" ",
        quote_char=None,
        null_values="-",
        infer_schema=False,
    )
    .filter((col("action") == "ACCEPT") & (col("log-status") == "OK") & (upload | download))
    .group_by(
        pl.when(upload).then(col("srcaddr")).otherwise(col("dstaddr")).alias("workload"),
        pl.when(upload).then(col("pkt-dstaddr")).otherwise(col("pkt-srcaddr")).alias("remote"),
    )
    .agg(col("bytes").cast(pl.Int64).sum())
    .collect(engine="streaming")
)
print(
    json.dumps(
        {"version": pl.__version__, "pairs": pairs.height, "bytes": int(pairs["bytes"].sum())}
    )
)
