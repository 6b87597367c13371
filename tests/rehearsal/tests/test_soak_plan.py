"""The plan of a soak: seeded, overlapping, and as AWS could deliver it."""

import pytest

from soak import plan

TIMES = plan.Times(recording=12, settle=3)


def _changes(happenings, gateway):
    return [h for h in happenings if h.gateway == gateway and not h.is_repeated]


def test_the_same_seed_is_the_same_plan():
    assert plan.draw(20, 200, TIMES, 1) == plan.draw(20, 200, TIMES, 1)
    assert plan.draw(20, 200, TIMES, 1) != plan.draw(20, 200, TIMES, 2)


@pytest.mark.parametrize("seed", range(20))
def test_every_alarm_goes_off_and_clears_in_turn(seed):
    happenings = plan.draw(7, 45, TIMES, seed)
    assert [h.at for h in happenings] == sorted(h.at for h in happenings)
    alarms = 0
    for gateway in range(7):
        changes = _changes(happenings, gateway)
        alarms += len(changes) // 2
        assert [c.change for c in changes] == list(range(len(changes)))
        for number, change in enumerate(changes):
            assert (change.state == plan.ALARM) == (number % 2 == 0)
    assert alarms == 45


def test_repeats_only_what_has_happened():
    happenings = plan.draw(20, 200, TIMES, 1)
    first = {(h.gateway, h.change): h for h in happenings if not h.is_repeated}
    repeated = [h for h in happenings if h.is_repeated]
    assert 50 < len(repeated) < 150
    for happening in repeated:
        change = first[happening.gateway, happening.change]
        assert (change.state, change.at <= happening.at) == (happening.state, True)


def test_some_alarms_clear_at_once_and_some_outlast_their_recording():
    happenings = plan.draw(20, 200, TIMES, 1)
    lengths = []
    for gateway in range(20):
        changes = _changes(happenings, gateway)
        pairs = zip(changes[::2], changes[1::2], strict=True)
        lengths += [clear.at - begin.at for begin, clear in pairs]
    assert sum(1 for length in lengths if length < 1.0) > 20
    assert sum(1 for length in lengths if length > TIMES.recording) > 5


@pytest.mark.parametrize("percent", [0, 1, 5, 20])
def test_faults_are_about_the_wanted_share(percent):
    rules = plan.faults(percent, seed=1)
    # A burst of 1 to n calls has (1 + n) / 2 on average.
    share = sum(rule["per_mille"] * (1 + rule["burst"]) / 2 for rule in rules) / 10
    assert share == pytest.approx(percent, abs=0.6)
    assert {rule["kind"] for rule in rules} == {"throttled", "unavailable", "answer-lost"}
