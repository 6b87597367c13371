"""Series of metrics: by whole periods, and quickly."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from localaws.metric_data import by_period

POINTS = [(119, 4.0, 2.0), (60, 1.0, 1.0), (120, 9.0, 3.0), (59, 7.0, 1.0)]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("Sum", [(0, 7.0), (60, 5.0), (120, 9.0)]),
        ("Average", [(0, 7.0), (60, 5.0 / 3.0), (120, 3.0)]),
        ("Minimum", [(0, 7.0), (60, 1.0), (120, 9.0)]),
        ("Maximum", [(0, 7.0), (60, 4.0), (120, 9.0)]),
        ("SampleCount", [(0, 1.0), (60, 3.0), (120, 3.0)]),
    ],
)
def test_adds_up_by_whole_periods(statistic: str, expected: list[tuple[int, float]]) -> None:
    assert by_period(POINTS, 60, statistic) == expected


def test_hours_by_the_minute_are_one_answer(client: Callable[[str], Any]) -> None:
    cloudwatch = client("cloudwatch")
    minute = int(time.time()) // 60 * 60 - 3_600
    dimensions = [{"Name": "NatGatewayId", "Value": "nat-0a1b2c3d4e5f60718"}]
    data = [
        {
            "MetricName": "BytesInFromSource",
            "Dimensions": dimensions,
            "Timestamp": at,
            "Value": value,
        }
        for at, value in ((minute, 5), (minute + 59, 6), (minute + 60, 7))
    ]
    cloudwatch.put_metric_data(Namespace="AWS/NATGateway", MetricData=data)
    metric = {"Namespace": "AWS/NATGateway", "Dimensions": dimensions}
    queries = [
        {
            "Id": f"m{place}",
            "MetricStat": {
                "Metric": metric | {"MetricName": name},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for place, name in enumerate(["BytesInFromSource", *["BytesOutToSource"] * 31])
    ]
    start = time.monotonic()
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=queries,
        # Not a whole minute: periods are.
        StartTime=minute + 1 - 7_200,
        EndTime=minute + 3_000,
        ScanBy="TimestampAscending",
    )
    assert time.monotonic() - start < 10
    first, *others = sorted(answer["MetricDataResults"], key=lambda result: int(result["Id"][1:]))
    assert [int(at.timestamp()) for at in first["Timestamps"]] == [minute, minute + 60]
    assert first["Values"] == [11.0, 7.0]
    assert not any(result["Values"] for result in others)
