"""Workload-remote sums of a gateway's recording, by DuckDB."""

import json
import sys

import duckdb

COLUMNS = {
    "version": "UTINYINT",
    "account_id": "VARCHAR",
    "interface_id": "VARCHAR",
    "srcaddr": "VARCHAR",
    "dstaddr": "VARCHAR",
    "srcport": "INTEGER",
    "dstport": "INTEGER",
    "protocol": "UTINYINT",
    "packets": "BIGINT",
    "bytes": "BIGINT",
    "start": "BIGINT",
    "end": "BIGINT",
    "action": "VARCHAR",
    "log_status": "VARCHAR",
    "pkt_srcaddr": "VARCHAR",
    "pkt_dstaddr": "VARCHAR",
    "pkt_src_aws_service": "VARCHAR",
    "pkt_dst_aws_service": "VARCHAR",
}

QUERY = """
    WITH pairs AS (
        SELECT CASE WHEN dstaddr = $nat THEN srcaddr ELSE dstaddr END AS workload,
               CASE WHEN dstaddr = $nat THEN pkt_dstaddr ELSE pkt_srcaddr END AS remote,
               sum(bytes) AS bytes
        FROM read_csv($recording, delim = ' ', header = true, nullstr = '-', quote = '',
                      escape = '', auto_detect = false, columns = $columns)
        WHERE action = 'ACCEPT' AND log_status = 'OK'
          AND ((dstaddr = $nat AND pkt_dstaddr <> $nat) OR (srcaddr = $nat AND pkt_srcaddr <> $nat))
        GROUP BY ALL
    )
    SELECT count(*), sum(bytes) FROM pairs
"""

recording, nat = sys.argv[1:]
columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items()) + "}"
query = QUERY.replace("$columns", columns)
pairs, total = duckdb.execute(query, {"recording": recording, "nat": nat}).fetchone()
print(json.dumps({"version": duckdb.__version__, "pairs": pairs, "bytes": int(total)}))
