"""Decides whether the rehearsal went as it had to; every deviation is one clear sentence.

Pure: mail, truth and the state of the local AWS are arguments. The cost is
recomputed here from the truth's bytes, independently of the report.
"""

import json
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from rehearsal import network, report
from rehearsal.mailbox import Mail
from rehearsal.scenario import Scenario

# us-east-1, per GB of 2^30 bytes: AWS Price List API, group "Charge for per GB
# data processed by NAT Gateways".
RATE_PER_GB = Decimal("0.045")
# us-east-1, for an hour of a NAT gateway, and per GB to the internet in the first
# tier that costs anything.
RATE_PER_HOUR = Decimal("0.045")
INTERNET_PER_GB = Decimal("0.09")
# us-east-1, per GB of vended logs in the class STANDARD: CloudWatch pricing page. In
# the class INFREQUENT_ACCESS it is half of that.
DELIVERY_RATE_PER_GB = Decimal("0.50")
BYTES_PER_GB = Decimal(2**30)
_CENT_OF_A_CENT = Decimal("0.0001")
_SUBJECT_LIMIT = 100
_COLUMNS = 72


def cost_of(count: int) -> Decimal:
    """What processing so many bytes costs, as the mail rounds it."""
    cost = Decimal(count) / BYTES_PER_GB * RATE_PER_GB
    return cost.quantize(_CENT_OF_A_CENT, ROUND_HALF_EVEN)


def delivery_of(count: int, rate: Decimal) -> Decimal:
    """What the delivery of so many bytes of records costs, as the mail rounds it."""
    cost = Decimal(count) / BYTES_PER_GB * rate
    return cost.quantize(_CENT_OF_A_CENT, ROUND_HALF_EVEN)


def _gb_of(count: int) -> Decimal:
    return (Decimal(count) / BYTES_PER_GB).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def _share_of(count: int, total: int) -> Decimal:
    if total == 0:
        return Decimal("0.0")
    return (Decimal(count) * 100 / Decimal(total)).quantize(Decimal("0.1"), ROUND_HALF_EVEN)


def report_mail(mail: Mail, truth: dict[str, Any], gateway: str) -> list[str]:
    """What is wrong with a report mail."""
    wrong = _subject(mail, gateway)
    try:
        said = report.read(mail.body)
    except report.Unreadable as unreadable:
        return [*wrong, f"{unreadable}"]
    total = truth["bytes"]["processed"]
    checks: list[tuple[str, object, object]] = [
        ("processed bytes", said.processed, total),
        ("processed GB", said.gb, _gb_of(total)),
        ("the cost of processing", said.cost, cost_of(total)),
        *((f"leg {leg}", said.legs[leg], truth["bytes"][leg]) for leg in report.LEGS),
    ]
    recorded = truth["recorded"]
    rate = recorded.get("rate", DELIVERY_RATE_PER_GB)
    delivery = None if "foreign" in recorded else delivery_of(recorded["bytes"], rate)
    checks += [
        ("records and their bytes", said.recorded, (recorded["records"], recorded["bytes"])),
        ("the cost of delivery", said.delivery, delivery),
        ("bytes before the alarm", said.before, truth["before"]),
        ("the addresses with an owner", _owned(said), _known(truth)),
        ("the bytes of " + network.GROUP, _of_group(said), _of_known(truth)),
    ]
    wrong += [f"{what}: the mail says {a}, true is {b}" for what, a, b in checks if a != b]
    expected = headline(truth, total)
    if expected not in mail.subject:
        wrong.append(f"the subject {mail.subject!r} does not say {expected!r}")
    wrong += [f"the mail does not say {line!r}" for line in truth["says"] if line not in mail.body]
    for title, key, name in (
        ("Sources", "sources", "address"),
        ("Destinations", "destinations", "address"),
        ("AWS services", "services", "aws_service"),
    ):
        wrong += _table(title, said.sections[title], truth[key], name, total)
    wide = [line for line in mail.body.splitlines() if len(line) > _COLUMNS]
    # An address, an ARN or a command is not broken.
    wrong += [
        f"a line is wider than {_COLUMNS} columns: {line!r}"
        for line in wide
        if " " in line and not line.startswith(("aws ", "dig "))
    ]
    return wrong


def headline(truth: dict[str, Any], total: int) -> str:
    """What an hour costs, what most of it is and whose, as the subject has it."""
    service = truth["services"][0]
    share = (Decimal(service["bytes"]) * 100 / total).quantize(Decimal(1), ROUND_HALF_EVEN)
    what = service["aws_service"]
    if what is None:
        far = truth["destinations"][0]
        share = (Decimal(far["bytes"]) * 100 / total).quantize(Decimal(1), ROUND_HALF_EVEN)
        what = f"to {far['address']}"
    cost = _hourly(truth, total).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return f"${cost:,}/h, {share} % {what} from {_whose(truth)}"


def _whose(truth: dict[str, Any]) -> str:
    """The group, or the address if that moved more: several without an owner are not one."""
    known = _known(truth)
    others = [row for row in truth["sources"] if row["address"] not in known]
    group = sum(row["bytes"] for row in truth["sources"] if row["address"] in known)
    if known and (not others or group >= others[0]["bytes"]):
        return network.GROUP
    return others[0]["address"]


def _hourly(truth: dict[str, Any], total: int) -> Decimal:
    """What an hour costs: processing, the gateway's hour, and upload to the internet.

    What else is charged has no price that ships, so the subject says "at least".
    """
    window = truth["window"]
    seconds = window["end"] - window["start"]
    remotes = [row for row in truth["destinations"] if row["aws_service"] is None]
    upload = sum(row["in_from_source"] for row in remotes)
    processing = Decimal(total * 3600 // seconds) / BYTES_PER_GB * RATE_PER_GB
    internet = Decimal(upload * 3600 // seconds) / BYTES_PER_GB * INTERNET_PER_GB
    return processing + RATE_PER_HOUR + internet


def _known(truth: dict[str, Any]) -> list[str]:
    """The sources that have an owner, if anybody knows."""
    addresses = [row["address"] for row in truth["sources"]]
    known = [address for address in addresses if address in network.WORKLOADS]
    return [] if truth["before"] is None else known


def _owned(said: report.Report) -> list[str]:
    """The sources whose owner is said as it is."""
    rows = said.sections["Sources"].rows

    def is_owned(row: report.Row) -> bool:
        name = network.WORKLOADS.get(row.name)
        who = f'"{name}" of auto-scaling group {network.GROUP}, subnet {network.SUBNET}'
        owner = row.owner or ""
        return who in owner and f"of VPC {network.VPC}" in owner

    return [row.name for row in rows if is_owned(row)]


def _of_known(truth: dict[str, Any]) -> int | None:
    """What the group moved, where it is more than one source."""
    known = _known(truth)
    if len(known) < 2:
        return None
    return sum(row["bytes"] for row in truth["sources"] if row["address"] in known)


def _of_group(said: report.Report) -> int | None:
    rows = said.sections["By owner"].rows
    return next((row.bytes for row in rows if row.name == network.GROUP), None)


def _subject(mail: Mail, gateway: str) -> list[str]:
    wrong = []
    if gateway not in mail.subject:
        wrong.append(f"the subject {mail.subject!r} does not name gateway {gateway}")
    return wrong + _length(mail)


def _length(mail: Mail) -> list[str]:
    count = len(mail.subject)
    if count < _SUBJECT_LIMIT:
        return []
    return [f"the subject has {count} characters, fewer than {_SUBJECT_LIMIT} are allowed"]


def _table(
    title: str, section: report.Section, truth: list[dict[str, Any]], name: str, total: int
) -> list[str]:
    count = len(section.rows) + section.hidden
    wrong = []
    if count != len(truth):
        wrong.append(f"{title}: the mail has {count} rows, true are {len(truth)}")
    if section.hidden and len(section.rows) < 10:
        wrong.append(f"{title}: only {len(section.rows)} rows are shown, {section.hidden} are not")
    for place, (row, true) in enumerate(zip(section.rows, truth, strict=False), start=1):
        expected = {
            "name": true[name] or "-",
            "bytes": true["bytes"],
            "gb": _gb_of(true["bytes"]),
            "cost": cost_of(true["bytes"]),
            "share": _share_of(true["bytes"], total),
            "service": true.get("aws_service") if name == "address" else None,
        }
        for what, value in expected.items():
            said = getattr(row, what)
            if said != value:
                where = f"{title}, row {place} ({row.name})"
                wrong.append(f"{where}: {what} is {said} in the mail, true is {value}")
    return wrong


# Charges that the local price list has a price for.
_LISTED = ("nat-processing", "nat-hours", "internet-upload")


def kept(page: str, document: str, mail: Mail, truth: dict[str, Any]) -> list[str]:
    """What is wrong with what is kept of a report."""
    said = json.loads(document)
    wrong = [] if mail.subject in page else ["the page is not headed as the mail"]
    for name, count in truth["bytes"].items():
        if said["bytes"].get(name) != count:
            wrong.append(f"report.json says {said['bytes'].get(name)} {name}, true is {count}")
    for name in ("sources", "destinations", "services"):
        rows = [row["bytes"] for row in said[name]]
        if rows != [row["bytes"] for row in truth[name]]:
            wrong.append(f"the {name} of report.json are not the true ones")
    wrong += _increase(said["increase"], truth)
    for charge in said["charges"]:
        # The local price list gives its SKUs names of its own.
        source = charge["price_source"]
        if charge["name"] in _LISTED and not str(source).startswith("Price List API, SKU LOCAL"):
            wrong.append(f"the price of {charge['name']} is of {source}, not of the price list")
    return wrong


def _increase(said: dict[str, Any] | None, truth: dict[str, Any]) -> list[str]:
    """What is wrong with what is said to be more than in the ten quiet minutes."""
    if truth["before"] is None:
        return [] if said is None else ["report.json knows of an increase, but not of a before"]
    seconds = truth["window"]["end"] - truth["window"]["start"]
    usual = truth["before"] // 10 * seconds // 60
    expected = truth["bytes"]["processed"] - usual
    count = None if said is None else said["bytes"]
    if count == expected:
        return []
    return [f"report.json says {count} bytes are more than usual, true is {expected}"]


def chat(arrived: list[Mail], wanted: bool, mail: Mail, execution: str) -> list[str]:
    """What is wrong with what the chat was told."""
    if len(arrived) != int(wanted):
        return [f"the chat was told {len(arrived)} times, expected was {int(wanted)}"]
    wrong = []
    for message in arrived:
        said = json.loads(message.body)
        content, metadata = said["content"], said["metadata"]
        fixed = [said["version"], said["source"], content["textType"], metadata["threadId"]]
        expected = ["1.0", "custom", "client-markdown", execution]
        if fixed != expected:
            wrong.append(f"the chat was told {fixed}, expected was {expected}")
        if content["title"] != mail.subject:
            wrong.append(f"the chat's title is {content['title']!r}, the mail's {mail.subject!r}")
        sizes = [(content["title"], 250), (content["description"], 8_000)]
        sizes += [(step, 350) for step in content["nextSteps"]]
        sizes += [(word, 75) for word in content["keywords"]]
        wrong += [
            f"what the chat was told has {len(text)} characters instead of {most}: {text!r}"
            for text, most in sizes
            if len(text) > most
        ]
    return wrong


def failure_mail(mail: Mail, gateway: str, faults: tuple[dict[str, Any], ...]) -> list[str]:
    """What is wrong with a mail about a failure."""
    wrong = []
    if gateway not in mail.subject + mail.body:
        wrong.append(f"the mail about a failure does not name gateway {gateway}")
    wrong += _length(mail)
    for fault in faults:
        name = {"denied": "Denied", "throttled": "Throttled"}.get(fault.get("kind", ""))
        if name is not None and name.lower() not in f"{mail.subject}\n{mail.body}".lower():
            wrong.append(f"the mail does not say that the cause was {name}")
    if report.PROCESSED.search(mail.body):
        wrong.append("the mail about a failure looks like a report")
    return wrong


def stopped_mail(mail: Mail, gateway: str) -> list[str]:
    """What is wrong with a mail about a recording that somebody stopped."""
    wrong = _subject(mail, gateway)
    if "stopped by hand" not in f"{mail.subject}\n{mail.body}":
        wrong.append("the mail does not say that the recording was stopped by hand")
    if report.PROCESSED.search(mail.body):
        wrong.append("the mail about a stopped recording looks like a report")
    return wrong


def mails(
    arrived: list[Mail], scenario: Scenario, truth: dict[str, Any] | None, gateway: str
) -> list[str]:
    """What is wrong with the mail that arrived, all in all."""
    if not arrived:
        return [f"no mail arrived, but one {scenario.mail} mail was expected"]
    wrong = []
    if len(arrived) > 1:
        subjects = ", ".join(repr(mail.subject) for mail in arrived)
        wrong.append(f"{len(arrived)} mails arrived instead of one: {subjects}")
    if scenario.mail == "failure":
        return wrong + failure_mail(arrived[0], gateway, scenario.faults)
    if scenario.mail == "stopped":
        return wrong + stopped_mail(arrived[0], gateway)
    if truth is None:
        return [*wrong, "no traffic was played, so the report cannot be checked"]
    if scenario.by_hand is not None:
        wrong += by_hand(arrived[0])
    return wrong + report_mail(arrived[0], truth, gateway)


def by_hand(mail: Mail) -> list[str]:
    """What is wrong with what a mail says of a recording that somebody began and stopped."""
    prose = " ".join(mail.body.split())
    said = ("A recording was started by hand for", "because it was stopped by hand.")
    return [f"the mail does not say {words!r}" for words in said if words not in prose]


def listed(
    recordings: list[dict[str, Any]],
    became: str,
    gateway: str,
    truth: dict[str, Any] | None = None,
    later: tuple[str, ...] = (),
) -> list[str]:
    """What is wrong with the list of recordings, of which the first was by hand.

    `later` is what became of those that came later, the newest first.
    """
    said = tuple(row["became"] for row in recordings)
    if said != (*later, became):
        return [f"the recordings are listed as {said}, true is {(*later, became)}"]
    row = recordings[-1]
    over = truth is not None
    expected = {
        "became": became,
        "gateway": gateway,
        "started_by": "hand",
        "end_reason": "stopped" if over else None,
        "bytes": None if truth is None else truth["bytes"]["processed"],
        "currency": "USD" if over else None,
    }
    return [
        f"the list says {name} {row[name]!r}, true is {value!r}"
        for name, value in expected.items()
        if row[name] != value
    ]


# What is said of an execution that recorded nothing.
_WHY_NOT = {
    "held": "Another execution was recording the gateway.",
    "spent": "natspike quota reset allows more.",
    "failed": "",
}


def why_not(recordings: list[dict[str, Any]], words: str = "") -> list[str]:
    """What is wrong with what the list says of executions without a report."""
    wrong = []
    for row in recordings:
        expected = _WHY_NOT.get(row["became"])
        why = row["why_not"] or ""
        if expected is None:
            is_right = not why
        else:
            is_right = bool(why) and expected in why and (row["became"] != "failed" or words in why)
        if not is_right:
            wrong.append(f"the list says why a recording is {row['became']}: {row['why_not']!r}")
    return wrong


def unrecorded(recordings: list[dict[str, Any]], scenario: Scenario) -> list[str]:
    """What is wrong with the list after a failure, or after somebody stopped the execution."""
    became = [row["became"] for row in recordings]
    if became != ["failed"]:
        return [f"the recordings are listed as {became}, true is ['failed']"]
    kinds = {"denied": "Denied", "throttled": "Throttled"}
    words = [kinds[fault["kind"]] for fault in scenario.faults if fault.get("kind") in kinds]
    # The local AWS does not say the cause of a stop.
    expected = "aborted" if scenario.mail == "stopped" else (words or [""])[0]
    return why_not(recordings, expected)


def billed(messages: list[str], log_format: str, gateway: tuple[str, ...]) -> list[int]:
    """The bytes of each record that are billed: one of its ends is the gateway, one a source."""
    fields = [field.strip("${}") for field in log_format.split()]
    counts = []
    for message in messages:
        record = dict(zip(fields, message.split(), strict=True))
        ends = [record["srcaddr"], record["dstaddr"]]
        others = [end for end in ends if end not in gateway]
        is_billed = len(others) == 1 and others[0].startswith("10.")
        counts.append(int(record["bytes"]) if is_billed and record["bytes"].isdigit() else 0)
    return counts


def at_the_desk(said: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    """What is wrong with the desk's own report of a recording."""
    wrong = []
    for name, count in truth["bytes"].items():
        if said["bytes"].get(name) != count:
            wrong.append(f"the desk says {said['bytes'].get(name)} {name}, true is {count}")
    read, records = said["records"]["read"], truth["recorded"]["records"]
    if read != records:
        wrong.append(f"the desk has read {read} records, true are {records}")
    return wrong


def ending(status: str, visited: list[str], scenario: Scenario) -> list[str]:
    """Whether the execution ended as the scenario expects."""
    if scenario.mail == "stopped":
        how = f"the execution ended {status}, expected was ABORTED"
        return [] if status == "ABORTED" else [how]
    expected = ("SUCCEEDED", "Recorded") if scenario.mail == "report" else ("FAILED", "Failed")
    last = visited[-1] if visited else "no state"
    wrong = []
    if (status, last) != expected:
        wrong.append(
            f"the execution ended {status} in {last}, expected was {expected[0]} in {expected[1]}"
        )
    if scenario.flooded is not None or scenario.by_hand is not None:
        return wrong
    cleared = "RecordingTimeOver" not in visited
    if scenario.mail == "report" and cleared != (scenario.clears is not None):
        how = "the alarm cleared" if cleared else "the recording time was over"
        wrong.append(f"the recording ended because {how}, the scenario means the opposite")
    return wrong


def executions(count: int, expected: int = 1) -> list[str]:
    """One alarm, one execution."""
    wanted = "one" if expected == 1 else str(expected)
    return [] if count == expected else [f"{count} executions started instead of {wanted}"]


def leftovers(flow_logs: list[dict[str, Any]], foreign: list[str]) -> list[str]:
    """Flow logs that would go on billing, and those of others that are gone."""
    there = {log["FlowLogId"]: log.get("ResourceId") for log in flow_logs}
    left = [f"flow log {id} on {on} is left" for id, on in there.items() if id not in foreign]
    return left + [f"flow log {id} of somebody is gone" for id in foreign if id not in there]


def held(item: dict[str, Any] | None) -> list[str]:
    """The attributes by which an item of the table says that somebody holds its gateway."""
    return [name for name in ("execution", "lease_expires", "token") if name in (item or {})]


def claim(item: dict[str, Any] | None, recordings: int) -> list[str]:
    """Whether the table's item of the gateway says that nobody holds it, and the right count."""
    if item is None:
        return ["the table has no item for the gateway"]
    wrong = [
        f"the gateway is still claimed: its item has {name} {item[name]!r}" for name in held(item)
    ]
    said = int(item.get("recordings", 0))
    if said != recordings:
        wrong.append(f"the table counts {said} recordings, expected were {recordings}")
    return wrong


def faults(scenario: Scenario, rules: list[dict[str, Any]]) -> list[str]:
    """Faults and races of the scenario that never came about."""
    wrong = []
    for number, fault in enumerate(scenario.rules):
        wanted = int(fault.get("times", 1))
        hits = int(rules[number].get("hits", 0)) if number < len(rules) else 0
        if hits < wanted:
            wrong.append(
                f"fault {fault.get('kind')} on {fault.get('service')}:{fault.get('operation')} "
                f"of {fault.get('function')} came about {hits} times instead of {wanted}"
            )
    return wrong
