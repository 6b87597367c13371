"""Parts of a recording's time, by DuckDB: the table is in memory, and each part is
added up by workload and remote as `pairs-duckdb.py` does it for the whole."""

import json
import sys
import time

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

LOAD = """
    CREATE TABLE records AS
    SELECT CASE WHEN dstaddr = $nat THEN srcaddr ELSE dstaddr END AS workload,
           CASE WHEN dstaddr = $nat THEN pkt_dstaddr ELSE pkt_srcaddr END AS remote,
           bytes, "start"
    FROM read_csv($recording, delim = ' ', header = true, nullstr = '-', quote = '',
                  escape = '', auto_detect = false, columns = $columns)
    WHERE action = 'ACCEPT' AND log_status = 'OK'
      AND ((dstaddr = $nat AND pkt_dstaddr <> $nat) OR (srcaddr = $nat AND pkt_srcaddr <> $nat))
"""

PART = """
    SELECT workload, remote, sum(bytes) AS bytes FROM records
    WHERE "start" >= $from AND "start" < $until
    GROUP BY ALL ORDER BY bytes DESC LIMIT 500
"""
TIMES = 20

recording, nat = sys.argv[1:]
columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items()) + "}"
connection = duckdb.connect()
before = time.monotonic()
connection.execute(LOAD.replace("$columns", columns), {"recording": recording, "nat": nat})
loaded = time.monotonic() - before
first, last = connection.execute('SELECT min("start"), max("start") FROM records').fetchone()
length = last + 60 - first
brushes = []
for part in (1, 10, 100):
    part_length = length * part // 100
    taken = []
    for number in range(TIMES):
        begin = first + (length - part_length) * number // TIMES
        before = time.monotonic()
        connection.execute(PART, {"from": begin, "until": begin + part_length}).fetchall()
        taken.append(time.monotonic() - before)
    taken.sort()
    median, worst = taken[len(taken) // 2], taken[-1]
    brushes.append({"hundredths": part, "median_seconds": median, "worst_seconds": worst})
print(json.dumps({"version": duckdb.__version__, "open_seconds": loaded, "brushes": brushes}))
