"""A Lambda for the tests, without a compiler, and whether a process still runs."""

import io
import os
import sys
import zipfile
from pathlib import Path

# What a `provided.al2023` binary does, in Python: ask, answer, ask again.
BOOTSTRAP = f"""#!{sys.executable}
import json, os, sys, time, urllib.request

base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"

def post(path, document):
    data = json.dumps(document).encode()
    urllib.request.urlopen(urllib.request.Request(base + path, data, method="POST")).read()

if os.environ.get("FAIL_INIT"):
    post("init/error", {{"errorType": "Invalid", "errorMessage": "bad settings"}})
    sys.exit(1)
while True:
    with urllib.request.urlopen(base + "invocation/next") as answer:
        event = json.load(answer)
        headers = {{name.lower(): value for name, value in answer.headers.items()}}
    id = headers["lambda-runtime-aws-request-id"]
    print("got", json.dumps(event), flush=True)
    if "exit" in event:
        sys.exit(event["exit"])
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "error" in event:
        post(f"invocation/{{id}}/error", {{"errorType": event["error"], "errorMessage": "why"}})
    elif "fragment" in event:
        fragment = event["fragment"]
        if "Value" in event["params"]:
            fragment = float(event["params"]["Value"])
        else:
            seen = json.dumps(event["templateParameterValues"])
            fragment["Outputs"] = {{"Seen": {{"Value": seen}}}}
        answer = {{"requestId": event["requestId"], "status": "success", "fragment": fragment}}
        post(f"invocation/{{id}}/response", answer)
    else:
        answer = {{"event": event, "headers": headers, "env": dict(os.environ), "pid": os.getpid()}}
        post(f"invocation/{{id}}/response", answer)
"""


def bootstrap_zip() -> bytes:
    """A function's code as Lambda takes it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, BOOTSTRAP)
    return target.getvalue()


def is_running(pid: int) -> bool:
    """Whether a process exists and is not merely unreaped."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.is_file() or ") Z " not in status.read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
