"""What happens in a soak, drawn from a seed. Pure: the same seed, the same plan."""

import random
from dataclasses import dataclass

ALARM = "ALARM"
_CLEARED = ("OK", "OK", "OK", "INSUFFICIENT_DATA")
# The least time between two changes of one alarm.
_APART = 0.05
_LONGEST_BURST = 4


@dataclass(frozen=True)
class Happening:
    """An alarm changes its state, or EventBridge delivers that change once more."""

    at: float
    gateway: int
    state: str
    change: int
    is_repeated: bool = False


@dataclass(frozen=True)
class Times:
    """Seconds, shortened as in rehearsals."""

    recording: int
    settle: int

    def span(self, alarms: int, gateways: int) -> float:
        """Over how many seconds the alarms of a soak are spread."""
        return max(1.0, alarms / gateways) * self.recording * 1.2


def draw(gateways: int, alarms: int, times: Times, seed: int) -> list[Happening]:
    """Every change and every repetition in the order in which they happen.

    Alarms of all gateways overlap. One clears at once, after a while, or only
    when the recording time is over; one goes off again before its recording has
    settled. Repetitions come at once or late, and so also in the wrong order.
    """
    dice = random.Random(seed)
    span = times.span(alarms, gateways)
    # Every gateway gets its share, so that none sits idle.
    begins: list[list[float]] = [[] for _ in range(gateways)]
    for number in range(alarms):
        begins[number % gateways].append(dice.uniform(0.0, span))
    happenings = []
    for gateway, moments in enumerate(begins):
        happenings += _of_gateway(gateway, sorted(moments), times, dice)
    return sorted(happenings, key=lambda happening: happening.at)


def _of_gateway(
    gateway: int, moments: list[float], times: Times, dice: random.Random
) -> list[Happening]:
    happenings = []
    earliest = 0.0
    for number, moment in enumerate(moments):
        begin = max(moment, earliest)
        follows = moments[number + 1] if number + 1 < len(moments) else float("inf")
        # What comes next cuts a long alarm short, but not to nothing.
        clear = max(begin + _APART, min(begin + _lasts(times, dice), follows - _APART))
        earliest = clear + _APART
        changes = ((begin, ALARM), (clear, dice.choice(_CLEARED)))
        for half, (at, state) in enumerate(changes):
            change = 2 * number + half
            happenings.append(Happening(at, gateway, state, change))
            for delay in _repeats(times, dice):
                happenings.append(Happening(at + delay, gateway, state, change, True))
    return happenings


def _lasts(times: Times, dice: random.Random) -> float:
    kind = dice.random()
    if kind < 0.25:
        return dice.uniform(_APART, 1.0)
    if kind < 0.75:
        return dice.uniform(1.0, times.recording * 0.9)
    return times.recording * dice.uniform(1.0, 1.6)


def _repeats(times: Times, dice: random.Random) -> list[float]:
    kind = dice.random()
    if kind < 0.15:
        return [dice.uniform(0.0, 0.5)]
    if kind < 0.25:
        return [dice.uniform(1.0, times.recording + times.settle)]
    return []


def faults(percent: float, seed: int) -> list[dict[str, object]]:
    """The front's rules that let about so many of a hundred calls fail.

    Throttled and unavailable come in bursts, some of them longer than the SDK
    has patience, so that functions fail and the workflow has to repeat them.
    """
    each = percent * 10.0 / 3.0
    average = (1 + _LONGEST_BURST) / 2
    always = {"times": 2**63 - 1}
    return [
        {
            "kind": kind,
            "per_mille": round(each / (average if burst > 1 else 1)),
            "seed": seed + number,
            "burst": burst,
            **always,
        }
        for number, (kind, burst) in enumerate(
            (("throttled", _LONGEST_BURST), ("unavailable", _LONGEST_BURST), ("answer-lost", 1))
        )
    ]
