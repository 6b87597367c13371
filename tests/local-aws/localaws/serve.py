"""Runs the local AWS in the foreground: `python -m localaws.serve --port PORT --work FOLDER`.

Checks the upstream version, applies the patches, then hands over to LocalEmu.
Exit codes: 2 when the version is wrong or the port is taken.
"""

import argparse
import gc
import os
import socket
import sys
import threading
from pathlib import Path

from localaws import upstream

# LocalEmu's modules are a heap of hundreds of megabytes that lives as long as the
# process. With Python's own thresholds two thirds of the time under load goes into
# looking through it for garbage.
_COLLECT_AFTER = (200_000, 50, 1_000)


def environment(port: int, work: Path) -> dict[str, str]:
    """LocalEmu's settings: loopback, no phoning home, state under `work`, nothing persisted."""
    address = f"127.0.0.1:{port}"
    return {
        "GATEWAY_LISTEN": address,
        "LOCALEMU_HOST": address,
        "LOCALSTACK_HOST": address,
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "LOCALEMU_VOLUME_DIR": str(work / "volume"),
        "FILESYSTEM_ROOT": str(work / "volume"),
        "TMPDIR": str(work / "tmp"),
        "PROVIDER_OVERRIDE_CLOUDWATCH": "v2",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "EAGER_SERVICE_LOADING": "0",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NATSPIKE_LAMBDA_LOGS": str(work / "lambda"),
    }


def _end_with_starter() -> None:
    """With `--lifeline`: standard input is a pipe from the starter; when it closes, so do we."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> int:
    """Serve until a signal or the end of the starter."""
    parser = argparse.ArgumentParser(prog="python -m localaws.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--work", type=Path, required=True, help="folder for state and logs")
    parser.add_argument("--lifeline", action="store_true", help="end when standard input closes")
    arguments = parser.parse_args()
    try:
        upstream.check(upstream.installed_version())
    except upstream.WrongUpstream as wrong:
        print(wrong, file=sys.stderr)
        return 2
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", arguments.port))
    except OSError as taken:
        print(f"cannot listen on 127.0.0.1:{arguments.port}: {taken.strerror}", file=sys.stderr)
        return 2
    if arguments.lifeline:
        _end_with_starter()

    work = arguments.work.resolve()
    for folder in ("volume/tmp", "tmp", "lambda"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    # From here on the port is ours: whoever started us may believe what answers there.
    (work / "pid").write_text(str(os.getpid()))
    os.environ.pop("AWS_ENDPOINT_URL", None)
    os.environ.update(environment(arguments.port, work))

    gc.set_threshold(*_COLLECT_AFTER)

    # LocalEmu reads its settings when it is imported: only now.
    from localaws import (
        alarm_events,
        custom_resources,
        insights,
        json_paths,
        loopback,
        metric_data,
        price_list,
        process_executor,
        stopped_executions,
        template_parameters,
    )

    loopback.install()
    process_executor.install()
    alarm_events.install()
    custom_resources.install()
    template_parameters.install()
    json_paths.install()
    stopped_executions.install()
    insights.install()
    metric_data.install()
    price_list.install()
    from localemu.runtime.main import main as localemu

    localemu()
    return 0


if __name__ == "__main__":
    sys.exit(main())
