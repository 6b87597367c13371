"""Custom resources of CloudFormation, which LocalEmu leaves out.

A resource of type `Custom::…` is a Lambda function that is told of its creation,
update and deletion and puts its answer to a URL; the stack waits for that. The
URL is one of this module's own on loopback instead of a signed one of S3.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_DEFAULT_SECONDS = 60.0


class Answers:
    """A server on loopback that takes the answers of functions."""

    def __init__(self) -> None:
        self._waiting: dict[str, threading.Event] = {}
        self._bodies: dict[str, bytes] = {}
        answers = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                taken = answers._take(self.path.strip("/"), body)
                self.send_response(200 if taken else 403)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def expect(self) -> tuple[str, str]:
        """A place for one answer: its name and its URL."""
        name = secrets.token_hex(16)
        self._waiting[name] = threading.Event()
        return name, f"http://127.0.0.1:{self._server.server_port}/{name}"

    def read(self, name: str, seconds: float) -> dict[str, Any] | None:
        """The answer, if it comes in that time."""
        came = self._waiting[name].wait(seconds)
        self._waiting.pop(name)
        return json.loads(self._bodies.pop(name)) if came else None

    def close(self) -> None:
        """Take no more answers."""
        self._server.shutdown()
        self._server.server_close()

    def _take(self, name: str, body: bytes) -> bool:
        if name not in self._waiting or name in self._bodies:
            return False
        self._bodies[name] = body
        self._waiting[name].set()
        return True


def install() -> None:
    """Patch LocalEmu: custom resources are functions that are called."""
    from localemu.services.cloudformation.resource_provider import (
        OperationStatus,
        ProgressEvent,
        ResourceProvider,
        ResourceProviderExecutor,
    )

    answers = Answers()

    class CustomResource(ResourceProvider[dict[str, Any]]):
        SCHEMA = {  # noqa: RUF012
            "typeName": "AWS::CloudFormation::CustomResource",
            "primaryIdentifier": ["/properties/PhysicalResourceId"],
            "properties": {},
            "readOnlyProperties": [],
        }

        def create(self, request: Any) -> Any:
            return self._ask("Create", request)

        def update(self, request: Any) -> Any:
            return self._ask("Update", request)

        def delete(self, request: Any) -> Any:
            return self._ask("Delete", request)

        def _ask(self, kind: str, request: Any) -> Any:
            properties = dict(request.desired_state or request.previous_state or {})
            name, url = answers.expect()
            event = {
                "RequestType": kind,
                "ResponseURL": url,
                "StackId": request.stack_id,
                "RequestId": request.request_token,
                "ResourceType": request.resource_type,
                "LogicalResourceId": request.logical_resource_id,
                "ResourceProperties": properties,
            }
            if kind != "Create":
                event["PhysicalResourceId"] = properties.get("PhysicalResourceId")
            request.aws_client_factory.lambda_.invoke(
                FunctionName=properties["ServiceToken"],
                InvocationType="Event",
                Payload=json.dumps(event),
            )
            seconds = float(properties.get("ServiceTimeout") or _DEFAULT_SECONDS)
            answer = answers.read(name, seconds)
            if answer is None or answer["Status"] != "SUCCESS":
                reason = "no answer came in time" if answer is None else answer.get("Reason")
                return ProgressEvent(
                    status=OperationStatus.FAILED, resource_model=properties, message=str(reason)
                )
            properties["PhysicalResourceId"] = answer["PhysicalResourceId"]
            return ProgressEvent(status=OperationStatus.SUCCESS, resource_model=properties)

    load = ResourceProviderExecutor.try_load_resource_provider

    def load_custom_too(resource_type: str) -> Any:
        if resource_type and resource_type.startswith("Custom::"):
            return CustomResource()
        return load(resource_type)

    ResourceProviderExecutor.try_load_resource_provider = staticmethod(load_custom_too)
