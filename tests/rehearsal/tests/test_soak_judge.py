"""The judge of a soak: every way in which the end of the world can be wrong."""

from dataclasses import replace

import pytest

from rehearsal.journal import Call
from rehearsal.mailbox import Mail
from soak import run, story
from soak.judge import UNIT, Ending, Execution, judge

GATEWAY = "nat-0123456789abcdef0"
FLOW_LOG = "fl-0123456789abcdef0"
FOREIGN = {"FlowLogId": "fl-0fedcba9", "Tags": [{"Key": "Name", "Value": "theirs"}]}
LEFT = {
    "FlowLogId": FLOW_LOG,
    "ResourceId": "eni-01234567",
    "Tags": [{"Key": "natspike:gateway", "Value": GATEWAY}],
}
MAIL = Mail(f"NAT spike {GATEWAY}", "Processed   1,000 bytes    0.00 GB   $0.0000\n", "m-1")


def call(service, operation, *, fault=None, answer_ids=(), request_ids=(GATEWAY,)):
    return Call(10.0, "f", service, operation, 200, fault, 1, request_ids, answer_ids)


CREATE = call("ec2", "CreateFlowLogs", answer_ids=(FLOW_LOG,))
LOST = call("sns", "Publish", fault="answer-lost")
EXECUTION = Execution(
    name="e-1",
    status="SUCCEEDED",
    started=9.0,
    stopped=20.0,
    input={"detail": {"alarmName": f"natspike/{GATEWAY}"}},
    output={"recording": {"flow_log_id": FLOW_LOG}, "report": {"message_id": "m-1"}},
)
GOOD = Ending(
    gateways=[GATEWAY],
    alarms={GATEWAY: 1},
    calls=[CREATE],
    executions=[EXECUTION],
    mails=[MAIL],
    items={GATEWAY: {"gateway": GATEWAY, "recordings": "1", "generation": "4", "cleared": "7"}},
    flow_logs=[FOREIGN],
    foreign=[FOREIGN],
    stack="natspike",
    delivered={FLOW_LOG: UNIT},
)


def test_a_good_ending_is_not_wrong():
    assert judge(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"flow_logs": [FOREIGN, LEFT]}, f"flow log {FLOW_LOG} on eni-01234567 is left"),
        ({"flow_logs": []}, "foreign flow log fl-0fedcba9 was deleted"),
        ({"flow_logs": [{**FOREIGN, "Tags": []}]}, "the tags of foreign flow log"),
        ({"items": {GATEWAY: {"recordings": "1", "execution": "e-1"}}}, "still claimed"),
        ({"items": {GATEWAY: {"recordings": "1", "token": "t"}}}, "still claimed"),
        ({"items": {GATEWAY: {"recordings": "2"}}}, "the table counts 2 recordings"),
        ({"items": {}}, "no item"),
        ({"executions": [replace(EXECUTION, status="FAILED", error="Denied")]}, "ended FAILED"),
        ({"executions": []}, f"no execution mailed a report of the recording by {FLOW_LOG}"),
        ({"mails": []}, "mail m-1 of the recording by"),
        ({"mails": [MAIL, replace(MAIL, id="m-2")]}, "only 0 answers to Publish were lost"),
        (
            {"mails": [MAIL, replace(MAIL, id="m-2", body="another")], "calls": [CREATE, LOST]},
            "that no recording accounts for",
        ),
        ({"mails": [MAIL, Mail("hello", "world", "m-3")]}, "about no gateway of the stack"),
        ({"mails": [replace(MAIL, body="No traffic.")]}, "is not among the 0 bytes"),
        ({"calls": [], "mails": []}, "it was never recorded"),
        ({"alarms": {GATEWAY: 0}}, "went off 0 times, and it was recorded 1 times"),
        ({"trouble": ("still not quiet",)}, "still not quiet"),
    ],
)
def test_says_what_is_wrong(changes, sentence):
    said = [violation.sentence for violation in judge(replace(GOOD, **changes))]
    assert any(sentence in one for one in said), said


def test_allows_a_copy_for_each_lost_answer_to_publish():
    copied = replace(GOOD, mails=[MAIL, replace(MAIL, id="m-2")], calls=[CREATE, LOST])
    assert judge(copied) == []
    assert "1 arrived twice" in story.sentence(copied, 60)


def test_tells_recordings_apart_by_the_bytes_of_their_records():
    second = "fl-11111111"
    other = call("ec2", "CreateFlowLogs", answer_ids=(second,))
    execution = replace(
        EXECUTION,
        name="e-2",
        output={"recording": {"flow_log_id": second}, "report": {"message_id": "m-2"}},
    )

    def ending(body):
        return replace(
            GOOD,
            alarms={GATEWAY: 2},
            calls=[CREATE, other],
            executions=[EXECUTION, execution],
            mails=[MAIL, Mail(MAIL.subject, body, "m-2")],
            items={GATEWAY: {"recordings": "2"}},
            delivered={FLOW_LOG: UNIT, second: 2 * UNIT},
        )

    # A neighbour's record may be among them, the own one must be.
    assert judge(ending(MAIL.body.replace("1,000", "3,000"))) == []
    [wrong] = judge(ending(MAIL.body.replace("1,000", "5,000")))
    assert f"the record that {second} delivered (2000 bytes)" in wrong.sentence


def test_the_table_has_a_line_for_each_gateway_and_one_for_all():
    wrong = judge(replace(GOOD, flow_logs=[FOREIGN, LEFT]))
    lines = story.table(GOOD, wrong).splitlines()
    assert [line.split()[0] for line in lines] == ["gateway", GATEWAY, "all"]
    assert lines[1].endswith("1 wrong")
    assert story.table(GOOD, []).splitlines()[1].split()[1:] == [
        "1",
        "1",
        "1",
        "0",
        "1",
        "0",
        "true",
    ]


def test_tells_the_story_of_a_gateway_in_order():
    lookup = call("ec2", "DescribeNatGateways", answer_ids=(GATEWAY, "eni-01234567"))
    delete = call("ec2", "DeleteFlowLogs", request_ids=(FLOW_LOG,))
    other = call("sns", "Publish", request_ids=("nat-11111111",))
    calls = [lookup, CREATE, delete, other]
    told = story.tell(replace(GOOD, calls=calls), GATEWAY, [(8.0, GATEWAY, "ALARM")])
    lines = told.splitlines()
    assert lines[0].startswith("00:00:08.000  alarm") and lines[-1].startswith("00:00:20.000")
    assert "DeleteFlowLogs" in told and "Publish" not in told


def test_writes_a_record_in_the_flow_logs_own_format():
    gateway = run.network.Gateway(GATEWAY, "eni-01234567", ("10.0.0.220",), "vpc-01234567")
    line = run.record("${interface-id} ${bytes} ${vpc-id} ${dstaddr}", gateway, 4_000, 1)
    assert line == "eni-01234567 4000 - 10.0.0.220"


def test_recordings_in_a_row_need_no_alarm_of_their_own():
    second = "fl-11111111"
    other = call("ec2", "CreateFlowLogs", answer_ids=(second,))
    output = {"recording": {"flow_log_id": second}, "report": {"message_id": "m-2"}}
    execution = replace(EXECUTION, name="e-2", output=output)

    def ending(follower):
        return replace(
            GOOD,
            calls=[CREATE, other],
            executions=[EXECUTION, follower],
            mails=[MAIL, replace(MAIL, id="m-2")],
            items={GATEWAY: {"recordings": "2"}},
        )

    [wrong] = judge(ending(execution))
    assert "went off 1 times, and it was recorded 2 times" in wrong.sentence
    assert judge(ending(replace(execution, input=EXECUTION.input | {"round": 2}))) == []
