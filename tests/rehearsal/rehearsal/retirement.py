"""`python -m rehearsal.retirement`: of two stacks, one is deleted while both record.

Nothing of the stack may be left, and nothing of anybody else's may be gone: the
other stack, whose name begins like this one's, records on and reports. Exit code
0 = so it was, 1 = not.
"""

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.instance import LocalAws, tail
from rehearsal import deploy, journal, network, package, played, program
from rehearsal.console import Console
from rehearsal.front import Front
from rehearsal.mailbox import Mailbox
from rehearsal.story import JOURNALS, MACRO_STACK, MACROS, MAIN, REPOSITORY, STACK
from rehearsal.watch import wait_until

_PATIENCE = 90.0
_CLIENT = Config(retries={"max_attempts": 1}, read_timeout=60)
_OTHERS = "/somebody/else"
# Its name begins like the other's: neither may take the other's for its own.
_SECOND = f"{STACK}-two"


def _foreign(ec2: Any, gateway: network.Gateway) -> str:
    """A flow log of somebody else's on the same interface."""
    answer = ec2.create_flow_logs(
        ResourceType="NetworkInterface",
        ResourceIds=[gateway.interface],
        TrafficType="ALL",
        LogGroupName=_OTHERS,
        DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/other",
        TagSpecifications=[
            {
                "ResourceType": "vpc-flow-log",
                "Tags": [{"Key": "natspike:stack", "Value": f"{STACK}-of-another"}],
            }
        ],
    )
    return answer["FlowLogIds"][0]


def _is_gone(cloudformation: Any) -> str | None:
    """The final state of the deleted stack, once it has one."""
    try:
        described = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError:
        return "DELETE_COMPLETE"
    status = described["StackStatus"]
    return None if status == "DELETE_IN_PROGRESS" else status


def _play(aws: LocalAws, bin_dir: Path, cache: Path, console: Console) -> list[str]:
    def client(service: str) -> Any:
        return boto3.client(service, config=_CLIENT, **aws.credentials())

    ec2, cloudformation = client("ec2"), client("cloudformation")
    client("logs").create_log_group(logGroupName=_OTHERS)
    gateway, others = network.build(ec2, 2)
    deployer = deploy.Deployer(cloudformation, client("s3"), bin_dir, cache)
    deployer.deploy(MACROS, MACRO_STACK, {})
    outputs = {}
    for stack, watched in ((STACK, gateway), (_SECOND, others)):
        parameters = deploy.parameters([watched]) | {"SettleDelay": "1"}
        outputs[stack] = deployer.deploy(MAIN, stack, parameters)
        console.event("deployed", stack)
    foreign = _foreign(ec2, gateway)
    console.zero = time.time()
    cloudwatch = client("cloudwatch")
    for stack, watched in ((STACK, gateway), (_SECOND, others)):
        played.set_alarm(cloudwatch, f"{stack}/{watched.id}", "ALARM", "Threshold Crossed")

    def own(watched: network.Gateway) -> list[str]:
        found = network.flow_logs_on(ec2, [watched.interface])
        return [log["FlowLogId"] for log in found if log["FlowLogId"] != foreign]

    if not wait_until(lambda: own(gateway) and own(others), _PATIENCE):
        return ["no recording began"]
    console.event("flow logs", f"{own(gateway)[0]} and {own(others)[0]} are on; one stack goes")
    cloudformation.delete_stack(StackName=STACK)
    status = wait_until(lambda: _is_gone(cloudformation), _PATIENCE)
    console.event("stack", str(status))
    left = [log["FlowLogId"] for log in network.all_flow_logs(ec2)]
    wrong = []
    if status != "DELETE_COMPLETE":
        wrong.append(f"the stack is {status}")
    if foreign not in left:
        wrong.append(f"the flow log {foreign} of somebody else is gone")
    recording = own(others)
    if not recording:
        wrong.append(f"the recording of {_SECOND} went with {STACK}")
    strange = {foreign, *recording}
    wrong += [f"the flow log {log} is left" for log in left if log not in strange]
    return wrong + _other_ends(client, outputs[_SECOND], others, console)


def _other_ends(
    client: Any, outputs: dict[str, str], gateway: network.Gateway, console: Console
) -> list[str]:
    """The other stack's recording ends as if nothing had happened."""
    mailbox = Mailbox(client("sqs"), client("sns"), outputs["TopicArn"])
    played.set_alarm(client("cloudwatch"), f"{_SECOND}/{gateway.id}", "OK", "no datapoints")
    mails = mailbox.read(1, _PATIENCE, 0.0)
    console.event("mail", ", ".join(mail.subject for mail in mails) or "none")
    ec2 = client("ec2")
    wrong = [] if len(mails) == 1 else [f"{_SECOND} sent {len(mails)} mails instead of one"]
    if network.flow_logs_on(ec2, [gateway.interface]):
        wrong.append(f"a flow log of {_SECOND} is left")
    return wrong


def main() -> int:
    """Play it."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.retirement", description=__doc__)
    parser.add_argument("--bin-dir", type=Path, default=REPOSITORY / "target" / "debug")
    arguments = parser.parse_args()
    bin_dir = arguments.bin_dir.resolve()
    try:
        program.require(bin_dir, ["front", *package.programs((MACROS, MAIN))])
    except program.Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    folder = REPOSITORY / "target" / "rehearsal"
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    started = time.monotonic()
    with TemporaryDirectory(dir=folder, prefix="retirement-") as work, ExitStack() as stack:
        front = Front(bin_dir / "front", Path(work))
        aws = LocalAws(Path(work) / "aws", front_url=front.url)
        stack.callback(journal.keep, front.journal, JOURNALS / "retirement.jsonl")
        stack.callback(front.stop)
        stack.callback(aws.stop)
        stack.callback(console.flush)
        aws.launch()
        front.start(aws.url, ())
        aws.wait()
        try:
            wrong = _play(aws, bin_dir, folder / "packages", console)
        except deploy.DeployFailed as failed:
            wrong = [str(failed)]
        if wrong:
            for log in [*sorted(aws.lambda_logs.glob("*.log")), aws.log]:
                print(f"--- the end of {log}\n{tail(log, 15)}", file=sys.stderr)
    for sentence in wrong:
        print(f"* {sentence}", file=sys.stderr)
    if wrong:
        return 1
    console.text(
        f"The stack went in {time.monotonic() - started:.0f} s in all, its recording with it; "
        "the flow log of somebody else is still there, and the other stack reported."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
