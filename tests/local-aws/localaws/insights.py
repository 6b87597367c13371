"""Log groups of class INFREQUENT_ACCESS, and the queries by which alone they are read.

LocalEmu says STANDARD of every log group and gives the events of each away (upstream
`services/logs/provider.py` and `services/logs/resource_providers/aws_logs_loggroup.py`).
Of a query it minds `fields`, `limit` and the time and passes over the rest in silence
(`moto/logs/logs_query`), and its botocore is from before GetQueryResults had pages. This
patch keeps the class that a log group is created with, refuses the calls that are for
STANDARD only, and runs queries itself, when they are started; see `insights_query`.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html

That those calls are refused is documented, but not with which error: it is the
InvalidOperationException that the service has.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from localaws.insights_query import MalformedQuery, Query, Row

PAGE = 10_000


def answer(query: str, groups: list[Any], start: int, end: int, limit: int | None) -> list[Any]:
    """Run a query over the events of those seconds, the first and the last included.

    The newest event comes first where the query does not sort.
    """
    parsed = Query(query)
    events = [
        (event, stream.log_stream_name)
        for group in groups
        for stream in list(group.streams.values())
        for event in list(stream.events)
        if start * 1_000 <= event.timestamp < (end + 1) * 1_000
    ]
    events.sort(key=lambda event: event[0].timestamp, reverse=True)
    rows = parsed.run([_row(*event) for event in events], limit)
    return [[{"field": name, "value": value} for name, value in row.items()] for row in rows]


def _row(event: Any, stream: str) -> Row:
    time = datetime.fromtimestamp(event.timestamp // 1_000, UTC)
    return {
        "@timestamp": f"{time:%Y-%m-%d %H:%M:%S}.{event.timestamp % 1_000:03d}",
        "@message": event.message,
        "@logStream": stream,
        "@ptr": str(event.event_id),
    }


def add_pages(service: dict[str, Any]) -> None:
    """Tell botocore's description of CloudWatch Logs of the pages of GetQueryResults."""
    for shape in ("GetQueryResultsRequest", "GetQueryResultsResponse"):
        service["shapes"][shape]["members"]["nextToken"] = {"shape": "NextToken"}


def install() -> None:
    """Patch LocalEmu: log groups have a class, queries are run."""
    from localemu.aws.api import logs as api
    from localemu.aws.spec import loader
    from localemu.services.logs.models import get_moto_logs_backend
    from localemu.services.logs.provider import LogsProvider
    from localemu.services.logs.resource_providers.aws_logs_loggroup import LogsLogGroupProvider
    from localemu.services.moto import call_moto
    from moto.logs.models import LogGroup

    answers: dict[str, list[Any]] = {}
    create_group = LogsProvider.create_log_group
    create_resource = LogsLogGroupProvider.create
    describe = LogGroup.to_describe_dict

    def group_of(account: str, region: str, identifier: str) -> Any:
        """The log group of that name or ARN."""
        name = identifier.rpartition(":")[2]
        group = get_moto_logs_backend(account, region).groups.get(name)
        if group is None:
            raise api.ResourceNotFoundException("The specified log group does not exist.")
        return group

    def create_log_group(self: Any, context: Any, log_group_name: str, **rest: Any) -> None:
        create_group(self, context, log_group_name, **rest)
        group = group_of(context.account_id, context.region, log_group_name)
        group.log_group_class = rest.get("log_group_class")

    def create(self: Any, request: Any) -> Any:
        progress = create_resource(self, request)
        model = progress.resource_model
        group = group_of(request.account_id, request.region_name, model["LogGroupName"])
        group.log_group_class = model.get("LogGroupClass")
        return progress

    def to_describe_dict(self: Any) -> dict[str, Any]:
        kept = self.log_group_class or api.LogGroupClass.STANDARD
        return describe(self) | {"logGroupClass": kept}

    def read_events(_: Any, context: Any, **request: Any) -> Any:
        identifier = request.get("log_group_name") or request.get("log_group_identifier")
        group = identifier and group_of(context.account_id, context.region, identifier)
        if group and group.log_group_class == api.LogGroupClass.INFREQUENT_ACCESS:
            raise api.InvalidOperationException(
                f"{context.operation.name} is not supported for log group {group.name}: "
                f"its class is {group.log_group_class}."
            )
        return call_moto(context)

    def start_query(_: Any, context: Any, **request: Any) -> dict[str, str]:
        one, many = request.get("log_group_name"), request.get("log_group_names")
        named = (one and [one], many, request.get("log_group_identifiers"))
        given = [names for names in named if names]
        if len(given) != 1:
            raise api.InvalidParameterException(
                "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers is needed."
            )
        groups = [group_of(context.account_id, context.region, name) for name in given[0]]
        text, limit = request["query_string"], request.get("limit")
        try:
            found = answer(text, groups, request["start_time"], request["end_time"], limit)
        except MalformedQuery as malformed:
            raise api.MalformedQueryException(str(malformed)) from malformed
        query_id = str(uuid.uuid4())
        answers[query_id] = found
        return {"queryId": query_id}

    def get_query_results(_: Any, context: Any, **request: Any) -> dict[str, Any]:  # noqa: ARG001
        found = answers.get(request["query_id"])
        if found is None:
            raise api.ResourceNotFoundException("The specified query does not exist.")
        token = request.get("next_token") or "0"
        if not token.isdecimal():
            raise api.InvalidParameterException("The specified nextToken is invalid.")
        end = int(token) + PAGE
        page = {"status": "Complete", "results": found[int(token) : end]}
        return page | ({"nextToken": str(end)} if end < len(found) else {})

    add_pages(loader.load_service_model("logs", "service-2"))
    LogGroup.log_group_class = None
    LogGroup.to_describe_dict = to_describe_dict
    LogsLogGroupProvider.create = create
    LogsProvider.create_log_group = create_log_group
    LogsProvider.filter_log_events = read_events
    LogsProvider.get_log_events = read_events
    LogsProvider.start_query = start_query
    LogsProvider.get_query_results = get_query_results
