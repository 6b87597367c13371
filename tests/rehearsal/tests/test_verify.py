"""The verdict: true numbers pass, and every wrong one is found."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from report_mail import BODY, BY_OWNER, GATEWAY, MAIL, OF_ONE, OF_TWO, truth

from rehearsal import verify
from rehearsal.mailbox import Mail
from rehearsal.scenario import Scenario

REPORT = Scenario(Path("x.toml"), "x", clears=360.0)
FAILURE = replace(REPORT, mail="failure")


def test_accepts_the_truth():
    assert verify.mails([MAIL], REPORT, truth(), GATEWAY) == []


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("13,249,876,543 bytes ", "13,249,876,544 bytes ", "processed bytes: the mail says"),
        ("   12.34 GB", "   12.35 GB", "processed GB: the mail says 12.35, true is 12.34"),
        ("GB   $0.5553", "GB   $0.5554", "the cost of processing: the mail says 0.5554"),
        ("   9,876,543 bytes\nin", "   9,876,542 bytes\nin", "leg out_to_destination"),
        ("10.0.1.5 ", "10.0.1.6 ", "Sources, row 1 (10.0.1.6): name is"),
        ("876,543       0.00", "876,544       0.00", "row 2 (2001:db8:10::1234:5678): bytes"),
        ("(S3)", "(EC2)", "service is EC2 in the mail, true is S3"),
        ("  (CLOUDFRONT_ORIGIN_FACING)\n", "", "service is None in the mail"),
        ("$0.5553 100.0 %", "$0.5553  99.9 %", "share is 99.9 in the mail, true is 100.0"),
        ("12.34     $0.5553", "12.34     $0.5500", "cost is 0.5500 in the mail"),
    ],
)
def test_finds_a_wrong_number(right, wrong, sentence):
    assert right in BODY
    body = BODY.replace(right, wrong, 1)
    said = verify.mails([Mail(MAIL.subject, body)], REPORT, truth(), GATEWAY)
    assert any(sentence in deviation for deviation in said), said


def test_finds_a_wrong_owner():
    body = BODY.replace("group builders, subnet", "group others, subnet")
    [said] = verify.mails([Mail(MAIL.subject, body)], REPORT, truth(), GATEWAY)
    assert said == "the addresses with an owner: the mail says [], true is ['10.0.1.5']"


def test_adds_up_what_belongs_to_one_group():
    true = truth()
    true["sources"][:1] = [
        {"address": "10.0.1.5", "bytes": 9_249_000_000},
        {"address": "10.0.1.6", "bytes": 4_000_000_000},
    ]
    body = BODY.replace(OF_ONE, OF_TWO, 1).replace("Sources\n", f"{BY_OWNER}Sources\n")
    # The second has no name of its own yet.
    second = body.rindex("builder-1")
    body = body[:second] + "builder-2" + body[second + len("builder-1") :]
    assert verify.mails([Mail(MAIL.subject, body)], REPORT, true, GATEWAY) == []
    wrong = body.replace("builders            13,249,000,000", "builders            13,249,000,001")
    [said] = verify.mails([Mail(MAIL.subject, wrong)], REPORT, true, GATEWAY)
    assert said.startswith("the bytes of builders: the mail says 13249000001")


def chat_of(**content: object) -> Mail:
    said = {"textType": "client-markdown", "title": MAIL.subject, "description": "x"}
    said |= {"nextSteps": [], "keywords": ["S3"], **content}
    whole = {"version": "1.0", "source": "custom", "content": said}
    return Mail("", json.dumps({**whole, "metadata": {"threadId": "execution-1"}}))


def test_a_chat_is_told_what_the_mail_says():
    def said(arrived: list[Mail], wanted: bool = True) -> list[str]:
        return verify.chat(arrived, wanted, MAIL, "execution-1")

    assert said([chat_of()]) == []
    assert said([]) == ["the chat was told 0 times, expected was 1"]
    assert said([chat_of()], wanted=False) == ["the chat was told 1 times, expected was 0"]
    assert "the chat's title is 'lots'" in said([chat_of(title="lots")])[0]
    assert "has 351 characters instead of 350" in said([chat_of(nextSteps=["y" * 351])])[0]
    [other] = verify.chat([chat_of()], True, MAIL, "execution-2")
    assert other.startswith("the chat was told ['1.0', 'custom'")


def test_finds_a_row_too_few():
    partial = truth()
    partial["sources"].append({"address": "10.0.9.9", "bytes": 1})
    assert "Sources: the mail has 2 rows, true are 3" in verify.mails(
        [MAIL], REPORT, partial, GATEWAY
    )


def test_finds_a_subject_that_says_something_else():
    said = verify.mails([Mail("NAT spike nat-1: lots", BODY)], REPORT, truth(), GATEWAY)
    assert any("does not name gateway" in deviation for deviation in said)
    assert any("does not say '$5.60/h, 100 % S3 from builders'" in deviation for deviation in said)


def test_finds_a_line_that_is_too_wide():
    body = BODY + "word " * 20
    said = verify.mails([Mail(MAIL.subject, body)], REPORT, truth(), GATEWAY)
    assert any("wider than 72 columns" in deviation for deviation in said)


def test_one_mail_is_expected_and_no_more():
    assert verify.mails([], REPORT, truth(), GATEWAY) == [
        "no mail arrived, but one report mail was expected"
    ]
    (said,) = verify.mails([MAIL, MAIL], REPORT, truth(), GATEWAY)
    assert said.startswith("2 mails arrived instead of one")


def test_a_failure_mail_names_gateway_and_cause():
    denied = replace(FAILURE, faults=({"kind": "denied"},))
    good = Mail(f"NAT spike {GATEWAY}: the recording failed", "Error      Denied\nCause      no\n")
    assert verify.mails([good], denied, None, GATEWAY) == []
    said = verify.mails([Mail("something", "went wrong")], denied, None, GATEWAY)
    assert any(GATEWAY in deviation for deviation in said)
    assert any("cause was Denied" in deviation for deviation in said)
    assert any("looks like a report" in d for d in verify.mails([MAIL], denied, None, GATEWAY))


@pytest.mark.parametrize(
    ("count", "cost"),
    [
        (0, "0.0000"),
        (2**30, "0.0450"),
        (13_249_876_543, "0.5553"),
        (1_193_046_471, "0.0500"),
    ],
)
def test_recomputes_the_cost_exactly(count, cost):
    assert verify.cost_of(count) == Decimal(cost)


@pytest.mark.parametrize(
    ("status", "visited", "scenario", "deviations"),
    [
        ("SUCCEEDED", ["ClaimGateway", "Recorded"], REPORT, 0),
        ("SUCCEEDED", ["ClaimGateway", "NotRecorded"], REPORT, 1),
        ("FAILED", ["ClaimGateway", "Failed"], REPORT, 1),
        ("FAILED", ["ClaimGateway", "Failed"], FAILURE, 0),
        ("SUCCEEDED", ["RecordingTimeOver", "Recorded"], REPORT, 1),
        ("SUCCEEDED", ["RecordingTimeOver", "Recorded"], replace(REPORT, clears=None), 0),
        ("SUCCEEDED", ["Recorded"], replace(REPORT, clears=None), 1),
        ("RUNNING", [], REPORT, 1),
    ],
)
def test_knows_how_an_execution_has_to_end(status, visited, scenario, deviations):
    assert len(verify.ending(status, visited, scenario)) == deviations


def test_finds_a_flow_log_that_is_left():
    (said,) = verify.leftovers([{"FlowLogId": "fl-0a1b2c3d", "ResourceId": "eni-0a1b2c3d"}], [])
    assert said == "flow log fl-0a1b2c3d on eni-0a1b2c3d is left"


@pytest.mark.parametrize(
    ("item", "deviations"),
    [
        ({"gateway": GATEWAY, "generation": "1", "recordings": "1"}, 0),
        ({"gateway": GATEWAY, "generation": "1", "recordings": "2"}, 1),
        ({"gateway": GATEWAY, "generation": "1"}, 1),
        ({"gateway": GATEWAY, "recordings": "1", "execution": "e", "lease_expires": "9"}, 2),
        ({"gateway": GATEWAY, "recordings": "1", "token": "t"}, 1),
        (None, 1),
    ],
)
def test_the_gateway_has_to_be_free_and_counted(item, deviations):
    assert len(verify.claim(item, 1)) == deviations


def test_finds_more_than_one_execution():
    assert verify.executions(1) == []
    assert verify.executions(2) == ["2 executions started instead of one"]


def test_finds_a_fault_that_never_came_about():
    fault = {
        "function": "stop-recording",
        "service": "ec2",
        "operation": "DeleteFlowLogs",
        "kind": "throttled",
        "times": 2,
    }
    scenario = replace(REPORT, faults=(fault,))
    assert verify.faults(scenario, [{**fault, "hits": 2}]) == []
    (said,) = verify.faults(scenario, [{**fault, "hits": 1}])
    assert said.endswith("of stop-recording came about 1 times instead of 2")
    assert len(verify.faults(scenario, [])) == 1


def test_a_stopped_execution_is_aborted_and_told_of():
    stopped = replace(REPORT, mail="stopped")
    assert verify.ending("ABORTED", [], stopped) == []
    assert verify.ending("SUCCEEDED", [], stopped) == [
        "the execution ended SUCCEEDED, expected was ABORTED"
    ]
    mail = Mail(f"NAT spike {GATEWAY}: the recording was stopped by hand", "Nothing is billed.")
    assert verify.mails([mail], stopped, None, GATEWAY) == []
    assert verify.mails([replace(mail, subject=f"NAT spike {GATEWAY}")], stopped, None, GATEWAY)


def test_a_gateway_is_held_by_what_its_item_says():
    assert verify.held(None) == []
    assert verify.held({"recordings": "1", "cleared": "7"}) == []
    assert verify.held({"execution": "e", "token": "t"}) == ["execution", "token"]


def _row(became, **other):
    figures = {"gateway": GATEWAY, "started_by": "alarm", "end_reason": None, "bytes": None}
    return {"became": became, "why_not": None, "currency": None} | figures | other


HELD = _row("held", why_not="Another execution was recording the gateway.")
SPENT = _row("spent", why_not="It had 1; natspike quota reset allows more.")
RUNNING = _row("running", started_by="hand")


@pytest.mark.parametrize(
    ("rows", "later", "is_right"),
    [
        ([RUNNING], (), True),
        ([HELD, RUNNING], ("held",), True),
        ([SPENT, HELD, RUNNING], ("spent", "held"), True),
        ([HELD, RUNNING], (), False),
        ([RUNNING, HELD], ("held",), False),
        ([_row("running")], (), False),
    ],
)
def test_knows_what_the_list_has_to_say(rows, later, is_right):
    assert (verify.listed(rows, "running", GATEWAY, later=later) == []) == is_right


@pytest.mark.parametrize(
    ("row", "words", "is_right"),
    [
        (RUNNING, "", True),
        (HELD, "", True),
        (SPENT, "", True),
        (_row("held"), "", False),
        (_row("spent", why_not="It had 1."), "", False),
        (_row("recorded", why_not="because"), "", False),
        (_row("failed", why_not="The execution was aborted: by hand"), "by hand", True),
        (_row("failed", why_not="Denied"), "by hand", False),
        (_row("failed"), "", False),
    ],
)
def test_knows_why_nothing_was_recorded(row, words, is_right):
    assert (verify.why_not([row], words) == []) == is_right


def test_adds_up_what_is_billed_of_each_record():
    log_format = "${interface-id} ${srcaddr} ${dstaddr} ${bytes}"
    messages = [
        "eni-0a1 10.0.1.5 10.0.0.220 100",
        "eni-0a1 10.0.0.220 203.0.113.5 100",
        "eni-0a1 203.0.113.5 10.0.0.220 900",
        "eni-0a1 10.0.0.220 10.0.1.5 900",
        "eni-0a1 - - -",
    ]
    assert verify.billed(messages, log_format, ("10.0.0.220",)) == [100, 0, 0, 900, 0]
