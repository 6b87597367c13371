"""Runs one command that must not outlive whoever started it.

`python -I -S lifeline.py COMMAND…` holds its standard input, a pipe from the
starter. When the starter ends, however it ends, the pipe closes and the
command is killed. SIGTERM is passed on. The exit code is the command's.

A process of its own and not `PR_SET_PDEATHSIG`: that signal follows the
thread that forked, and LocalEmu's worker threads come and go.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

_GRACE_SECONDS = 5.0


def argv(command: list[str]) -> list[str]:
    """The command line that runs `command` on a lifeline."""
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), *command]


def _main(command: list[str]) -> int:
    child: subprocess.Popen[bytes] | None = None

    def pass_on(signum: int, _frame: object) -> None:
        if child is None:
            os._exit(128 + signum)
        child.terminate()
        threading.Timer(_GRACE_SECONDS, child.kill).start()

    def watch() -> None:
        while os.read(0, 4096):
            pass
        if child is not None:
            child.kill()

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    sys.stdout.flush()
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
