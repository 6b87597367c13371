"""What the rehearsal prints: one line per event, with the time of day and since the alarm."""

import heapq
import sys
import threading
import time
from datetime import UTC, datetime

# The history of an execution is asked for again and again, so its events are
# heard of late; others wait this long for them, and lines stand in order.
_HOLD_SECONDS = 0.8


class Console:
    """Writes lines from several threads; `zero` is the moment of the alarm."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[tuple[float, int, str]] = []
        self._count = 0
        self.zero: float | None = None

    def event(self, who: str, what: str, at: float | None = None) -> None:
        """Something happened: who, what, and when (now, if not said)."""
        at = time.time() if at is None else at
        clock = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
        since = "         " if self.zero is None else f"{at - self.zero:+8.1f}s"
        with self._lock:
            self._count += 1
            line = f"{clock} {since}  {who:<14} {what}"
            heapq.heappush(self._held, (at, self._count, line))
        if self.zero is None:
            self.flush()

    def tick(self) -> None:
        """Print what has been held long enough."""
        self._print(time.time() - _HOLD_SECONDS)

    def flush(self) -> None:
        """Print everything that is held."""
        self._print(float("inf"))

    def text(self, text: str) -> None:
        """Text as it is."""
        self.flush()
        with self._lock:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def _print(self, until: float) -> None:
        with self._lock:
            while self._held and self._held[0][0] <= until:
                sys.stdout.write(heapq.heappop(self._held)[2] + "\n")
            sys.stdout.flush()
