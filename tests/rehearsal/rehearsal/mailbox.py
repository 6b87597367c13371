"""The operator's mailbox: a queue on the stack's topic, read as SNS delivered it."""

import json
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mail:
    """Subject and body, to the byte, and the id that Publish gave it."""

    subject: str
    body: str
    id: str = ""


class Mailbox:
    """Subscribes to a topic and keeps what arrives."""

    def __init__(
        self, sqs: Any, sns: Any, topic: str, name: str = "natspike-rehearsal-mailbox"
    ) -> None:
        self._sqs = sqs
        self._url = sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        queue = attributes["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def read(self, at_least: int, patience: float, quiet: float) -> list[Mail]:
        """All mail: waits `patience` seconds for so many, then `quiet` seconds for one too many."""
        mails: list[Mail] = []
        end = time.monotonic() + patience
        settled = False
        while time.monotonic() < end:
            answer = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            for message in answer.get("Messages", []):
                notification = json.loads(message["Body"])
                subject = notification.get("Subject", "")
                mails.append(Mail(subject, notification["Message"], notification["MessageId"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            if len(mails) >= at_least and not settled:
                settled = True
                end = time.monotonic() + quiet
        return mails
