"""The started local AWS: what the patches make it do."""

import json
import time

import psutil
import pytest
from botocore.exceptions import ClientError
from example_lambda import bootstrap_zip

from localaws.instance import DidNotStart, LocalAws

ROLE = "arn:aws:iam::000000000000:role/any"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


@pytest.fixture(scope="module")
def function(client):
    name = "natspike-EchoEvent-0123abcd"
    functions = client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Architectures=["arm64"],
        Handler="bootstrap",
        Role=ROLE,
        Code={"ZipFile": bootstrap_zip()},
        Timeout=20,
        Environment={"Variables": {"NATSPIKE_TABLE": "gateways"}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return name


def _invoke(client, function, event):
    answer = client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return answer.get("FunctionError"), json.load(answer["Payload"])


def test_listens_on_loopback_only(local_aws, client, function):
    for service in ("ec2", "sqs", "sns", "dynamodb", "logs", "stepfunctions", "events"):
        client(service)
    client("ec2").describe_vpcs()
    client("dynamodb").list_tables()
    client("logs").describe_log_groups()
    _invoke(client, function, {})
    emulator = psutil.Process(local_aws.pid)
    listening = [
        connection.laddr.ip
        for process in [emulator, *emulator.children(recursive=True)]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}


def test_runs_the_function_with_its_front_and_its_name(client, function):
    error, answer = _invoke(client, function, {"n": 1})
    assert error is None
    assert answer["event"] == {"n": 1}
    environment = answer["env"]
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert environment["AWS_SDK_UA_APP_ID"] == "echo-event"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["NATSPIKE_TABLE"] == "gateways"
    assert environment["AWS_ACCESS_KEY_ID"]


def test_hands_a_typed_error_on(client, function):
    error, answer = _invoke(client, function, {"error": "Throttled"})
    assert error == "Unhandled"
    assert answer == {"errorType": "Throttled", "errorMessage": "why"}


def test_replaces_a_process_that_died(client, function):
    error, _ = _invoke(client, function, {"exit": 1})
    assert error == "Unhandled"
    error, answer = _invoke(client, function, {"n": 2})
    assert (error, answer["event"]) == (None, {"n": 2})


def test_keeps_a_log_per_function(local_aws, client, function):
    _invoke(client, function, {"n": 3})
    assert 'got {"n": 3}' in (local_aws.lambda_logs / "echo-event.log").read_text()


def test_stops_an_execution_that_waits_for_a_token(client):
    sqs, states = client("sqs"), client("stepfunctions")
    wait = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": sqs.create_queue(QueueName="tokens")["QueueUrl"],
            "MessageBody.$": "$$.Task.Token",
        },
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        "End": True,
    }
    definition = {"StartAt": "Wait", "States": {"Wait": wait, "Caught": {"Type": "Succeed"}}}
    machine = states.create_state_machine(
        name="waits", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    url = sqs.get_queue_url(QueueName="tokens")["QueueUrl"]
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    states.stop_execution(executionArn=execution, cause="by hand")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = states.describe_execution(executionArn=execution)["status"]
        if status != "RUNNING":
            break
        time.sleep(0.1)
    assert status == "ABORTED"
    visited = [
        event["stateEnteredEventDetails"]["name"]
        for event in states.get_execution_history(executionArn=execution)["events"]
        if event["type"].endswith("StateEntered")
    ]
    assert visited == ["Wait"]
    states.delete_state_machine(stateMachineArn=machine)


@pytest.fixture(scope="module")
def alarm_queue(client):
    """An alarm, and a rule that takes its events to a queue."""
    sqs, events = client("sqs"), client("events")
    url = sqs.create_queue(QueueName="alarms")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [{"prefix": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:mine/nat-"}],
    }
    events.put_rule(Name="alarms", EventPattern=json.dumps(pattern))
    target = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
    events.put_targets(Rule="alarms", Targets=[target])
    for name in ("mine/nat-0a1b2c3d4e5f60718", "others/nat-0a1b2c3d4e5f60718"):
        client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=1.0,
            EvaluationPeriods=1,
            TreatMissingData="notBreaching",
            Metrics=[
                {"Id": "e1", "Expression": "m1 * 1", "ReturnData": True},
                {
                    "Id": "m1",
                    "ReturnData": False,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/NATGateway",
                            "MetricName": "BytesInFromSource",
                            "Dimensions": [
                                {"Name": "NatGatewayId", "Value": "nat-0a1b2c3d4e5f60718"}
                            ],
                        },
                        "Period": 60,
                        "Stat": "Sum",
                    },
                },
            ],
        )
    return url


def _events(client, url, seconds):
    sqs = client("sqs")
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=seconds, MaxNumberOfMessages=10)
    for message in answer.get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_an_alarm_that_changes_sends_its_event_once(client, alarm_queue):
    cloudwatch = client("cloudwatch")
    for name in ("others/nat-0a1b2c3d4e5f60718", "mine/nat-0a1b2c3d4e5f60718"):
        for _ in range(2):
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="spike")
    (event,) = _events(client, alarm_queue, 5)
    assert event["account"] == "000000000000"
    assert event["region"] == "us-east-1"
    assert event["detail"]["alarmName"] == "mine/nat-0a1b2c3d4e5f60718"
    assert event["detail"]["state"]["value"] == "ALARM"
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
    metric = event["detail"]["configuration"]["metrics"][1]["metricStat"]["metric"]
    assert metric["dimensions"] == {"NatGatewayId": "nat-0a1b2c3d4e5f60718"}
    cloudwatch.set_alarm_state(
        AlarmName="mine/nat-0a1b2c3d4e5f60718", StateValue="OK", StateReason="over"
    )
    (event,) = _events(client, alarm_queue, 5)
    assert event["detail"]["state"]["value"] == "OK"
    assert event["detail"]["previousState"]["value"] == "ALARM"


def _deploy(client, stack, template, parameters=None):
    cloudformation = client("cloudformation")
    names = {"StackName": stack, "ChangeSetName": "first"}
    cloudformation.create_change_set(
        **names,
        ChangeSetType="CREATE",
        TemplateBody=json.dumps(template),
        Capabilities=CAPABILITIES,
        Parameters=[
            {"ParameterKey": k, "ParameterValue": v} for k, v in (parameters or {}).items()
        ],
    )
    waiter = {"WaiterConfig": {"Delay": 1, "MaxAttempts": 30}}
    cloudformation.get_waiter("change_set_create_complete").wait(**names, **waiter)
    cloudformation.execute_change_set(**names)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, **waiter)
    (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}


@pytest.fixture(scope="module")
def macros(client, function):
    template = {
        "Resources": {
            name: {
                "Type": "AWS::CloudFormation::Macro",
                "Properties": {"Name": name.lower(), "FunctionName": function},
            }
            for name in ("Expand", "Number")
        }
    }
    _deploy(client, "macros", template)


TEMPLATE = {
    "Transform": ["expand", "AWS::Serverless-2016-10-31"],
    "Parameters": {
        "Threshold": {"Type": "Number", "Default": 100000000, "MinValue": 1},
        "RecordingTime": {"Type": "Number", "Default": 900},
    },
    "Resources": {
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": "from-a-macro",
                "Namespace": "AWS/NATGateway",
                "MetricName": "BytesInFromSource",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": {
                    "Fn::Transform": {
                        "Name": "number",
                        "Parameters": {"Value": {"Ref": "Threshold"}},
                    }
                },
            },
        },
        "Machine": {
            "Type": "AWS::Serverless::StateMachine",
            "Properties": {
                "Definition": {
                    "StartAt": "Wait",
                    "States": {
                        "Wait": {"Type": "Pass", "Result": "${Seconds}", "End": True},
                    },
                },
                "DefinitionSubstitutions": {"Seconds": {"Ref": "RecordingTime"}},
                "Role": ROLE,
            },
        },
    },
}


@pytest.mark.usefixtures("macros")
def test_runs_macros_and_substitutes_numbers(client):
    outputs = _deploy(client, "with-macros", TEMPLATE)
    assert json.loads(outputs["Seen"]) == {"Threshold": "100000000", "RecordingTime": "900"}
    (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=["from-a-macro"])["MetricAlarms"]
    assert alarm["Threshold"] == 100_000_000
    states = client("stepfunctions")
    (machine,) = states.list_state_machines()["stateMachines"]
    described = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
    assert json.loads(described["definition"])["States"]["Wait"]["Result"] == "900"


@pytest.mark.usefixtures("macros")
def test_refuses_a_parameter_that_breaks_its_constraint(client):
    with pytest.raises(ClientError, match="must be a number not less than 1"):
        _deploy(client, "refused", TEMPLATE, {"Threshold": "0"})


def test_says_why_it_did_not_start(local_aws, tmp_path):
    second = LocalAws(tmp_path, port=local_aws.port)
    started = time.monotonic()
    with pytest.raises(DidNotStart, match="exit code 2(?s:.)*cannot listen on"):
        second.launch()
        second.wait()
    assert time.monotonic() - started < 20
