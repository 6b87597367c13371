"""The project's own programs that the rehearsal runs: `traffic`, `front`, the Lambdas."""

import subprocess
from pathlib import Path

from localaws import lifeline
from localaws.instance import tail

_STOP_SECONDS = 5.0


class Missing(Exception):
    """Programs are not built; the message names them and the command that builds them."""


def require(bin_dir: Path, names: list[str]) -> None:
    """Refuse to start when a program is not there."""
    absent = [name for name in names if not (bin_dir / name).is_file()]
    if absent:
        packages = " ".join(f"-p {name}" for name in absent)
        raise Missing(f"not built in {bin_dir}: {', '.join(absent)}; run `cargo build {packages}`")


class Background:
    """A program that runs until the rehearsal ends, on a lifeline, stopped by its pipe."""

    def __init__(
        self, command: list[str], log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                lifeline.argv(command),
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """The end of what it printed."""
        return tail(self.log, 20)

    def end(self) -> int:
        """Ask it to end, by SIGTERM; gives its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(2 * _STOP_SECONDS)
        finally:
            self.stop()

    def stop(self) -> None:
        """End it; closing the lifeline kills the program and then its keeper."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
