"""Estimated times until the batteries reach a level."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
import pickle
from statistics import median, quantiles

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.enphase_secctrl.estimates import EnergyTrend
from tests.battery_simulator import INTERVAL, BatterySimulator, Poll

CAPACITY = 5000
HOUR = 3600

STEPS = [3000, 2950, 2900, 2850]
"""Wh: single percents, just enough of them for a rate."""


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """No Home Assistant: it takes longer to start than most of these tests."""


def staircase(
    energies: Iterable[float], *, start: float = 0, seconds: int = 60, interval: int = 10, capacity: float = CAPACITY
) -> Iterator[Poll]:
    """Yield the polls of a constant rate: each energy lasts for this many seconds."""
    for number, energy in enumerate(energies):
        for second in range(0, seconds, interval):
            yield Poll(start + number * seconds + second, energy, capacity)


def trend_of(*parts: Iterable[Poll]) -> EnergyTrend:
    """Return the trend after these polls."""
    trend = EnergyTrend()
    for part in parts:
        for poll in part:
            trend.add(*poll)
    return trend


def estimates(polls: Iterable[Poll], target: float, *, charging: bool = False) -> list[int | None]:
    """Return the estimate after each poll."""
    trend, found = EnergyTrend(), []
    for poll in polls:
        trend.add(*poll)
        found.append(trend.minutes_until(poll.time, target, charging=charging))
    return found


def assert_right(polls: Sequence[Poll], found: Sequence[int | None], *, tolerance: float = 0.06) -> None:
    """Check that each estimate for the last energy is unknown or right, within a minute or this part of it."""
    end = next(poll.time for poll in polls if poll.energy == polls[-1].energy)
    for poll, minutes in zip(polls, found, strict=True):
        assert minutes is None or minutes == pytest.approx(max(0, end - poll.time) / 60, abs=1, rel=tolerance)


# What an estimate is


def test_rate_over_two_percent() -> None:
    """The third step gives the first estimate: its rate begins with the first step."""
    found = estimates(staircase(STEPS), 2350)
    assert found[:18] == [None] * 18
    assert found[18] == 10


def test_counts_from_last_step() -> None:
    """The time since the last step is subtracted."""
    trend = trend_of(staircase(STEPS))
    times = (0, 29, 31, 120, 180)
    assert [trend.minutes_until(180 + seconds, 2350, charging=False) for seconds in times] == [10, 10, 9, 8, 7]


def test_charging() -> None:
    """While the batteries charge, there is an estimate for levels above, and none for levels below."""
    trend = trend_of(staircase(STEPS[::-1]))
    assert trend.minutes_until(180, 5000, charging=True) == 40
    assert trend.minutes_until(180, 1000, charging=False) is None


def test_discharging() -> None:
    """While the batteries discharge, there is an estimate for levels below, and none for levels above."""
    trend = trend_of(staircase(STEPS))
    assert trend.minutes_until(180, 1000, charging=False) == 37
    assert trend.minutes_until(180, 5000, charging=True) is None


def test_latest_rate() -> None:
    """Only the latest steps that are 2% apart count."""
    fast_and_slow = [*staircase(STEPS), *staircase([2800, 2750], start=240, seconds=120)]
    trend = trend_of(fast_and_slow)
    assert trend.minutes_until(360, 2250, charging=False) == 15  # 2% in 180 s
    trend = trend_of(fast_and_slow, staircase([2700, 2650], start=480, seconds=120))
    assert trend.minutes_until(600, 2150, charging=False) == 20


@pytest.mark.parametrize(("step", "capacity"), [(49.4, 4940), (12.6, 1260), (34.4, 3440), (4.12, 412)])
def test_whole_energies(step: float, capacity: float) -> None:
    """Gateways report whole Wh: two steps can be a bit less than 2% apart, and one step can be a bit more than 1%."""
    polls = list(staircase([int(step * percent) for percent in range(90, 29, -1)], capacity=capacity))
    found = estimates(polls, polls[-1].energy or 0)
    assert_right(polls, found, tolerance=2 / capacity / 0.02)
    assert None not in found[18:]


def test_target_changes() -> None:
    """An estimate for a different reserve is available at once."""
    trend = trend_of(staircase(STEPS))
    targets = (2350, 1850, 2800, 2850, 2350)
    assert [trend.minutes_until(180, target, charging=False) for target in targets] == [10, 20, 1, 0, 10]


@pytest.mark.parametrize(("energy", "charging"), [(1000, False), (999, False), (4000, True), (4001, True)])
def test_reached(energy: float, charging: bool) -> None:
    """A level that is reached is 0 minutes away, from the first poll on and as long as it stays reached."""
    polls = staircase([energy], seconds=6 * HOUR)
    assert set(estimates(polls, 4000 if charging else 1000, charging=charging)) == {0}


def test_reached_and_left() -> None:
    """When the batteries have left the level, its estimate is unknown until they return to it."""
    found = estimates(staircase([*STEPS, *STEPS[::-1][1:], *STEPS[1:]]), 2850)
    assert found[18:] == [*[0] * 6, *[None] * 30, *[0] * 6]


def test_reserve_above_charge() -> None:
    """A reserve that is raised above the charge is reached, even while the batteries charge up to it."""
    for steps in (STEPS, STEPS[::-1]):
        assert trend_of(staircase(steps)).minutes_until(180, 4000, charging=False) == 0


def test_overdue() -> None:
    """A level that the batteries should have reached by now is 1 minute away."""
    trend = trend_of(staircase(STEPS))
    assert [trend.minutes_until(180 + seconds, 2800, charging=False) for seconds in (0, 40, 70, 180)] == [1] * 4


# Unknown, never a guess


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_not_enough_steps(steps: int) -> None:
    """Without two steps that are 2% apart, the estimate is unknown."""
    assert trend_of(staircase(STEPS[:steps])).minutes_until(170, 1000, charging=False) is None


def test_slow() -> None:
    """Steps that are more than 3 hours apart have no rate."""
    assert trend_of(staircase(STEPS, seconds=5400)).minutes_until(3 * 5400, 2700, charging=False) == 270
    assert trend_of(staircase(STEPS, seconds=5410)).minutes_until(3 * 5410, 2700, charging=False) is None


def test_more_than_a_day() -> None:
    """An estimate of more than 24 hours is unknown."""
    trend = trend_of(staircase(STEPS, seconds=2400))
    assert trend.minutes_until(3 * 2400, 2850 - 36 * 50, charging=False) == 24 * 60
    assert trend.minutes_until(3 * 2400, 2850 - 36 * 50 - 1, charging=False) is None


def test_direction_changes() -> None:
    """A step in the other direction ends the rate, and the next rate begins with it."""
    steps = [*STEPS, 2900, 2950, 3000, 3050]
    assert set(estimates(staircase(steps), 1000)[24:]) == {None}
    found = estimates(staircase(steps), 4000, charging=True)
    assert found[:36] == [None] * 36
    assert found[36] == 20


def test_one_step_back() -> None:
    """One step back and forth starts again."""
    found = estimates(staircase([*STEPS, 2900, 2850, 2800, 2750]), 2350)
    assert found[24:42] == [None] * 18
    assert found[42] == 8


def test_no_steps() -> None:
    """When there has been no step for three times as long as one should take, the estimate is unknown."""
    trend = trend_of(staircase(STEPS), staircase([2850], start=240, seconds=200))
    assert trend.minutes_until(360, 1000, charging=False) is not None
    assert trend.minutes_until(361, 1000, charging=False) is None


def test_no_steps_after_uneven_steps() -> None:
    """A step should take as long as the longest of those that the rate includes."""
    trend = trend_of(staircase(STEPS), staircase([2800, 2750], start=240, seconds=120))
    assert trend.minutes_until(360 + 360, 1000, charging=False) is not None
    assert trend.minutes_until(360 + 361, 1000, charging=False) is None


def test_two_batteries() -> None:
    """Of two batteries that step shortly after each other, the long time until their next steps is no pause."""
    polls = [Poll(0, 4000, 2 * CAPACITY)]
    for step in range(20):
        polls += staircase([3950 - 100 * step], start=10 + 600 * step, seconds=10, capacity=2 * CAPACITY)
        polls += staircase([3900 - 100 * step], start=20 + 600 * step, seconds=590, capacity=2 * CAPACITY)
    found = estimates(polls, 1000)
    assert None not in found[found.index(next(filter(None, found))) :]


@pytest.mark.parametrize("pause", [200, 1200, 7200])
@pytest.mark.parametrize("steps", [1, 2, 3, 8])
def test_pause(steps: int, pause: int) -> None:
    """A rate never includes a pause, however many steps there were before it."""
    level = 3000 - 50 * steps
    polls = [
        *staircase(range(3000, level - 1, -50)),
        *staircase([level], start=60 * (steps + 1), seconds=pause),
        *staircase(range(level - 50, level - 501, -50), start=60 * (steps + 1) + pause),
    ]
    found = estimates(polls, level - 500)
    after = len(polls) - 60
    assert found[after : after + 12] == [None] * 12
    assert_right(polls[after:], found[after:])
    assert None not in found[after + 18 :]


@pytest.mark.parametrize("jump", [-2000, -120, -70, 70, 120, 2000])
@pytest.mark.parametrize("steps", [1, 2, 3, 8])
def test_recalibration(steps: int, jump: int) -> None:
    """After a jump, the next rate begins with the next step."""
    level = 3000 - 50 * steps
    polls = [
        *staircase(range(3000, level - 1, -50)),
        *staircase(range(level + jump, level + jump - 501, -50), start=60 * (steps + 1)),
    ]
    found = estimates(polls, level + jump - 500)
    after = len(polls) - 66
    assert found[after : after + 18] == [None] * 18
    assert_right(polls[after:], found[after:])
    assert None not in found[after + 18 :]


@pytest.mark.parametrize(("change", "is_known"), [(-60, True), (-61, False)])
def test_smallest_jump(change: float, is_known: bool) -> None:
    """A jump is a change of more than 1% (and rounding) beyond what the rate explains, here 8.3 Wh."""
    trend = trend_of(staircase(STEPS), [Poll(240, 2850 + change, CAPACITY)])
    assert (trend.minutes_until(240, 1000, charging=False) is not None) is is_known


@pytest.mark.parametrize("interval", [30, 60, 300])
def test_long_interval(interval: int) -> None:
    """With a long update interval, a rate that changes the energy by several percent between two polls is no jump."""
    polls = [Poll(time, 4500 - time * CAPACITY * 0.9 / HOUR // 50 * 50, CAPACITY) for time in range(0, HOUR, interval)]
    found = estimates(polls, polls[-1].energy or 0)
    assert None not in found[-(-150 // interval) + 1 :]


@pytest.mark.parametrize("energy", [None, 2850])
@pytest.mark.parametrize("capacity", [None, 0, 4990, CAPACITY])
def test_restart(energy: float | None, capacity: float | None) -> None:
    """When the energy is unknown, or the capacity is unknown or changes, the next rate begins with the next step."""
    polls = [
        *staircase(STEPS),
        Poll(240, energy, capacity),
        *staircase([2850, 2800, 2750, 2700], start=250),
    ]
    found = [minutes is not None for minutes in estimates(polls, 1000)[24:]]
    assert found == [(energy, capacity) == (2850, CAPACITY)] * 19 + [True] * 6


def test_unknown_energy_of_reached_level() -> None:
    """A level that was reached before the energy or the capacity became unknown is unknown too."""
    assert estimates([Poll(0, 1000, CAPACITY), Poll(10, None, CAPACITY), Poll(20, 1000, None)], 1000) == [0, None, None]


@settings(max_examples=settings().max_examples // 5)
@given(st.lists(st.tuples(st.integers(20, 1600), st.integers(0, 600)), max_size=2))
def test_missed_polls(gaps: list[tuple[int, int]]) -> None:
    """A step that was seen after a gap in the polls is no edge, because nobody knows when it was."""
    polls = [
        poll
        for poll in staircase(range(3000, 900, -50), seconds=60, interval=4)
        if not any(first < poll.time < first + length for first, length in gaps)
    ]
    assert_right(polls, estimates(polls, 950))


def test_missed_polls_are_bridged() -> None:
    """A short gap neither ends the rate nor changes it."""
    polls = [poll for poll in staircase(range(3000, 900, -50)) if not 430 < poll.time < 560]
    found = estimates(polls, 950)
    assert_right(polls, found)
    assert None not in found[18:]


def test_missed_polls_before_first_rate() -> None:
    """Without a rate, nothing explains a change of more than 1% in a gap."""
    polls = [poll for poll in staircase(range(3000, 900, -50)) if not 90 < poll.time < 240]
    found = estimates(polls, 950)
    assert_right(polls, found)
    after = next(number for number, poll in enumerate(polls) if poll.time == 240)
    assert found[after : after + 18] == [None] * 18
    assert found[after + 18] is not None


def test_memory() -> None:
    """The memory is limited, even if the energy changes in each poll and never enough for a rate."""
    trend = trend_of(Poll(5 * number, 10**6 - number, 2 * 10**6) for number in range(10_000))
    assert len(pickle.dumps(trend)) < 100_000


def test_tiny_capacity() -> None:
    """When whole Wh are more than 2% of the capacity, they have no rate."""
    assert set(estimates(staircase(range(40, 6, -1), capacity=40), 5)) == {None}


def test_same_time() -> None:
    """Polls at the same time have no rate."""
    assert set(estimates((Poll(7, energy, CAPACITY) for energy in STEPS), 1000)) == {None}


# Simulated batteries

type Estimated = tuple[Poll, int | None]


def simulate(trend: EnergyTrend, batteries: BatterySimulator, power: float, percent: float) -> list[Estimated]:
    """Return the polls, with estimates, until the batteries have reached a state of charge."""
    found: list[Estimated] = []
    while not found or found[-1][1] != 0:
        poll = batteries.poll(power)
        trend.add(*poll)
        minutes = trend.minutes_until(poll.time, percent / 100 * (poll.capacity or 0), charging=power > 0)
        found.append((poll, minutes))
    return found


def errors(found: Sequence[Estimated]) -> list[float]:
    """Return the relative errors of the estimates until a quarter of an hour before the end."""
    end = found[-1][0].time
    return [
        abs(60 * minutes / (end - poll.time) - 1)
        for poll, minutes in found
        if minutes is not None and end - poll.time >= HOUR / 4
    ]


def assert_accurate(found: Sequence[float]) -> None:
    """Check that the median error is at most 6%, and the 95th percentile is at most 18%."""
    assert median(found) <= 0.06
    assert quantiles(found, n=20)[-1] <= 0.18


def has_reason(polls: Sequence[Poll], *, charging: bool) -> bool:
    """Return whether the polls end with 2% in one direction from a step on, within 3 hours and without a jump."""
    last = polls[-1]
    sign = 1 if charging else -1
    for after, before in pairwise(reversed(polls)):
        if after.energy is None or before.energy is None or before.capacity != last.capacity:
            return False
        assert last.energy is not None
        assert last.capacity is not None
        change = sign * (after.energy - before.energy)
        if not 0 <= change <= 0.02 * last.capacity + 0.0005 * (after.time - before.time) * last.capacity:
            return False
        if change and sign * (last.energy - after.energy) >= 0.019 * last.capacity:
            return True
    return False


@pytest.mark.parametrize("count", [1, 2, 5])
def test_accuracy(count: int) -> None:
    """At 300 to 3000 W with 30% noise, errors are small, and once there is a rate, the estimate is rarely unknown."""
    found_errors: list[float] = []
    is_known: list[bool] = []
    for seed in range(3):
        for power in (-3000, -2000, -1200, -600, -300, 300, 600, 1200, 2000, 3000):
            batteries = BatterySimulator(count, seed=seed)
            change = max(-45, min(45, 100 * 10 * power / batteries.capacity))
            found = simulate(EnergyTrend(), batteries, power, 50 + change)
            start = next(number for number, (_, minutes) in enumerate(found) if minutes is not None)
            assert has_reason([poll for poll, _ in found[: start + 1]], charging=power > 0)
            warm_up = abs((found[start][0].energy or 0) - (found[0][0].energy or 0))
            assert warm_up <= 0.031 * batteries.capacity
            is_known += [minutes is not None for _, minutes in found[start:]]
            found_errors += errors(found)
    assert_accurate(found_errors)
    assert is_known.count(False) <= 0.01 * len(is_known)


def _turn_around(batteries: BatterySimulator) -> list[Poll]:
    """Charge for half an hour."""
    return [batteries.poll(2000) for _ in range(180)]


def _rest(batteries: BatterySimulator) -> list[Poll]:
    """Do nothing for two hours."""
    return [batteries.poll(0) for _ in range(720)]


def _restart(batteries: BatterySimulator) -> list[Poll]:
    """Restart the gateway."""
    batteries.restart_gateway()
    return []


def _recalibrate_down(batteries: BatterySimulator) -> list[Poll]:
    """Report 6 percentage points less."""
    batteries.recalibrate(-6)
    return []


def _recalibrate_up(batteries: BatterySimulator) -> list[Poll]:
    """Report 6 percentage points more."""
    batteries.recalibrate(6)
    return []


def _add_battery(batteries: BatterySimulator) -> list[Poll]:
    """Add a battery."""
    batteries.add_battery()
    return []


EVENTS = [_turn_around, _rest, _restart, _recalibrate_down, _recalibrate_up, _add_battery]


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("event", EVENTS)
def test_event(event: Callable[[BatterySimulator], list[Poll]], count: int) -> None:
    """After an event, the estimate is unknown until it is as accurate as before."""
    found_errors: list[float] = []
    for seed in range(3):
        batteries = BatterySimulator(count, seed=seed, percent=80)
        power = -600.0 * count
        trend = EnergyTrend()
        assert simulate(trend, batteries, power, 70)[-2][1] is not None
        polls = event(batteries)
        for poll in polls:
            trend.add(*poll)
        found = simulate(trend, batteries, power, 20)
        start = next(number for number, (_, minutes) in enumerate(found) if minutes is not None)
        assert has_reason([*polls[-1:], *(poll for poll, _ in found[: start + 1])], charging=False)
        assert all(minutes is not None for _, minutes in found[start:])
        found_errors += errors(found[start:])
    assert_accurate(found_errors)


type Action = tuple[float, int, float] | Callable[[BatterySimulator], list[Poll]]

actions: st.SearchStrategy[Action] = st.one_of(
    st.tuples(st.sampled_from([-2000, -500, 0, 500, 2000]), st.integers(1, 60), st.just(INTERVAL)),
    st.tuples(st.sampled_from([-2000, -500, 500, 2000]), st.just(1), st.floats(20, HOUR)),
    st.sampled_from([_restart, _recalibrate_down, _recalibrate_up, _add_battery]),
)


def polls_of(batteries: BatterySimulator, action: Action) -> list[Poll]:
    """Return the polls of an action: some with a power and an interval, or those of an event."""
    if callable(action):
        return action(batteries)
    power, number, seconds = action
    return [batteries.poll(power, seconds=seconds) for _ in range(number)]


def check(trend: EnergyTrend, polls: Sequence[Poll], target: float, *, charging: bool) -> int | None:
    """Return the estimate after the last poll; it is in range, has a reason, and counts down."""
    time, energy, _ = polls[-1]
    minutes = trend.minutes_until(time, target, charging=charging)
    is_reached = energy is not None and (energy >= target if charging else energy <= target)
    assert (minutes == 0) is is_reached
    if minutes:
        assert minutes <= 24 * 60
        assert has_reason(polls, charging=charging)
        later = trend.minutes_until(time + 60, target, charging=charging)
        assert later is None or later == pytest.approx(max(minutes - 1, 1), abs=1)
    return minutes


@settings(max_examples=settings().max_examples // 4)
@given(st.integers(1, 3), st.integers(0, 1000), st.lists(actions, min_size=2, max_size=12))
def test_anything(count: int, seed: int, actions: list[Action]) -> None:
    """Whatever happens, estimates are plausible, and the same for twice the energy and in the other direction."""
    batteries = BatterySimulator(count, seed=seed, capacity=2000)
    trend, double, mirror = EnergyTrend(), EnergyTrend(), EnergyTrend()
    polls: list[Poll] = []
    for poll in (poll for action in actions for poll in polls_of(batteries, action)):
        polls.append(poll)
        time, energy, capacity = poll
        trend.add(time, energy, capacity)
        double.add(time, energy and 2 * energy, capacity and 2 * capacity)
        mirror.add(time, None if energy is None or capacity is None else capacity - energy, capacity)
        for target, charging in ((800, False), (1200 * count, True)):
            minutes = check(trend, polls, target, charging=charging)
            assert minutes == double.minutes_until(time, 2 * target, charging=charging)
            assert minutes == mirror.minutes_until(time, (capacity or 0) - target, charging=not charging)
