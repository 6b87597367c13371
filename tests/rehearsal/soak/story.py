"""What a soak says at its end: a table of all gateways, and the story of one."""

from collections import Counter
from datetime import UTC, datetime

from rehearsal.journal import created_flow_logs
from soak.judge import Ending, Violation, gateway_of, lost_publishes

_COLUMNS = ("gateway", "alarms", "recordings", "mails", "copies", "calls", "failed", "verdict")


def table(ending: Ending, wrong: list[Violation]) -> str:
    """A line for each gateway, and one for all."""
    created = Counter(created_flow_logs(ending.calls).values())
    mails = Counter(gateway_of(mail) for mail in ending.mails)
    faulty = Counter(violation.gateway for violation in wrong)
    rows = [_COLUMNS]
    sums = [0] * 6
    for gateway in ending.gateways:
        calls = [call for call in ending.calls if gateway in call.ids]
        # A mail more than recordings: the same mail once more.
        counts = [
            ending.alarms.get(gateway, 0),
            created[gateway],
            mails[gateway],
            max(0, mails[gateway] - created[gateway]),
            len(calls),
            sum(1 for call in calls if call.fault),
        ]
        sums = [a + b for a, b in zip(sums, counts, strict=True)]
        verdict = f"{faulty[gateway]} wrong" if faulty[gateway] else "true"
        rows.append((gateway, *map(str, counts), verdict))
    # Some calls name no gateway: they wake an execution by its token.
    sums[4:] = [len(ending.calls), sum(1 for call in ending.calls if call.fault)]
    rows.append(("all", *map(str, sums), f"{len(wrong)} wrong" if wrong else "true"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, len(row) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def sentence(ending: Ending, seconds: float) -> str:
    """What a soak without violations has shown."""
    created = len(created_flow_logs(ending.calls))
    copies = len(ending.mails) - created
    lost = sum(lost_publishes(ending.calls, gateway) for gateway in ending.gateways)
    faults = Counter(call.fault for call in ending.calls if call.fault)
    share = 100.0 * faults.total() / max(1, len(ending.calls))
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(faults.items()))
    again = f" ({copies} arrived twice, {lost} answers to Publish were lost)" if copies else ""
    return (
        f"{sum(ending.alarms.values())} alarms over {len(ending.gateways)} gateways in "
        f"{seconds:.0f} s: {created} recordings, one mail for each{again}, no flow log left, every "
        f"gateway free, {len(ending.foreign)} foreign flow logs untouched, while {faults.total()} "
        f"of {len(ending.calls)} AWS calls failed ({share:.1f} %: {kinds or 'none'})."
    )


def tell(ending: Ending, gateway: str, happened: list[tuple[float, str, str]]) -> str:
    """Everything that concerns a gateway, in the order in which it happened."""
    flow_logs = {f for f, of in created_flow_logs(ending.calls).items() if of == gateway}
    names = flow_logs | {gateway}
    # Its interface stands beside it in the answer that describes it.
    for call in ending.calls:
        if call.operation == "DescribeNatGateways" and gateway in call.request_ids:
            names |= {id for id in call.answer_ids if id.startswith("eni-")}
    lines = [(at, "alarm", what) for at, of, what in happened if of == gateway]
    lines += [(call.time, "call", call.line()) for call in ending.calls if call.ids & names]
    for execution in ending.executions:
        if execution.gateway != gateway:
            continue
        lines.append((execution.started, "execution", f"{execution.name} started"))
        if execution.stopped is not None:
            ended = f"{execution.name} {execution.status} {execution.error}".rstrip()
            lines.append((execution.stopped, "execution", ended))
    return "\n".join(
        f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3] + f"  {who:<10} {what}"
        for at, who, what in sorted(lines)
    )
