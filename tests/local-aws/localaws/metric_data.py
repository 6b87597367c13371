"""GetMetricData by one query for each metric, and with periods as AWS has them.

LocalEmu asks its database once for every period, so three hours by the minute are
180 subqueries over all metrics, for each metric, under one lock: seconds for one
call, minutes for twenty at once (upstream
`services/cloudwatch/cloudwatch_database_helper.py`, `get_metric_data_stat`). Its
periods begin where the request begins; those of AWS are whole multiples of their
length. This patch replaces that one method.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

# Statistic -> what it makes of the (value, samples) of a period.
_STATISTICS: dict[str, Callable[[list[tuple[float, float]]], float]] = {
    "Sum": lambda points: sum(value for value, _ in points),
    "Average": lambda points: sum(value for value, _ in points) / sum(n for _, n in points),
    "Minimum": lambda points: min(value for value, _ in points),
    "Maximum": lambda points: max(value for value, _ in points),
    "SampleCount": lambda points: sum(n for _, n in points),
}


def by_period(
    points: Iterable[tuple[int, float, float]], period: int, statistic: str
) -> list[tuple[int, float]]:
    """The statistic of (time, value, samples) by period, the earliest first."""
    periods: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for time, value, samples in points:
        periods[int(time) // period * period].append((value, samples))
    return [(start, _STATISTICS[statistic](found)) for start, found in sorted(periods.items())]


def install() -> None:
    """Patch LocalEmu: series are read at once."""
    from localemu.aws.api.cloudwatch import ScanBy
    from localemu.services.cloudwatch.cloudwatch_database_helper import (
        STAT_TO_SQLITE_COL_NAME_HELPER,
        CloudwatchDatabase,
    )

    def get_metric_data_stat(
        self: CloudwatchDatabase,
        account_id: str,
        region: str,
        query: dict[str, Any],
        start_time: Any,
        end_time: Any,
        scan_by: str,
    ) -> dict[str, list[Any]]:
        stat = query["MetricStat"]
        metric, period, statistic = stat["Metric"], stat["Period"], stat["Stat"]
        start = self._convert_timestamp_to_unix(start_time) // period * period
        where = "account_id = ? AND region = ? AND namespace = ? AND metric_name = ?"
        values: list[Any] = [account_id, region, metric["Namespace"], metric["MetricName"]]
        if dimensions := metric.get("Dimensions"):
            where += " AND dimensions LIKE ?"
            values.append(self._get_ordered_dimensions_with_separator(dimensions, for_search=True))
        else:
            where += " AND dimensions IS NULL"
        if unit := stat.get("Unit"):
            where += " AND unit = ?"
            values.append(unit)
        where += " AND timestamp >= ? AND timestamp < ?"
        values += [start, self._convert_timestamp_to_unix(end_time)]
        column = STAT_TO_SQLITE_COL_NAME_HELPER[statistic]
        text = (
            f"SELECT timestamp, value, 1 FROM {self.TABLE_SINGLE_METRICS} WHERE {where} "
            f"UNION ALL SELECT timestamp, {column}, sample_count "
            f"FROM {self.TABLE_AGGREGATED_METRICS} WHERE {where}"
        )
        with self.DATABASE_LOCK, sqlite3.connect(self.METRICS_DB_READ_ONLY, uri=True) as database:
            points = database.execute(text, values * 2).fetchall()
        series = by_period(points, period, statistic)
        if scan_by != ScanBy.TimestampAscending:
            series.reverse()
        return {
            "timestamps": [start for start, _ in series],
            "values": [value for _, value in series],
        }

    CloudwatchDatabase.get_metric_data_stat = get_metric_data_stat
