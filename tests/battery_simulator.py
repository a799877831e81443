"""Simulated batteries behind a gateway that reports the sum of their whole percents."""

import random
from typing import Final, NamedTuple

INTERVAL: Final = 10.0
"""Seconds between two polls."""

NOISE: Final = 0.3
"""Standard deviation of the power between two polls, as a part of the power."""

_ZERO_POLLS: Final = 6
_NOT_READY_POLLS: Final = 48
"""After a restart a gateway reports zeros for about a minute, and health 0 until 9 minutes after it."""

_POLLS_PER_BATTERY: Final = 3
"""Then it finds one battery after the other."""

_IMBALANCE: Final = 0.05
"""By how much the power of a battery differs from the average at most, as a part of it."""


class Poll(NamedTuple):
    """What a poll reports: energy and capacity in Wh, None where unknown; the time is in seconds."""

    time: float
    energy: float | None
    capacity: float | None


class Battery:
    """One battery: its real charge, and the whole percents that it reports."""

    def __init__(self, capacity: float, percent: float, share: float) -> None:
        """Start at a state of charge; the power is divided by the shares of all batteries."""
        self.capacity = capacity
        self.charge = capacity * percent / 100
        self.share = share
        self.offset = 0
        """Percentage points by which the last recalibration moved what is reported."""

    @property
    def reported_energy(self) -> float:
        """Whole percents of the capacity, in Wh."""
        percent = int(100 * self.charge / self.capacity + 1e-9) + self.offset
        return min(max(percent, 0), 100) / 100 * self.capacity

    def add(self, energy: float) -> None:
        """Charge the battery, or discharge it if the energy is negative."""
        self.charge = min(max(self.charge + energy, 0.0), self.capacity)


class BatterySimulator:
    """A group of batteries and their gateway, in virtual time. A positive power (W) charges them."""

    def __init__(self, count: int, *, seed: int, percent: float = 50, capacity: float = 5000) -> None:
        """Start with batteries of this capacity (Wh); their charges and shares of the power are slightly different."""
        self._chance = random.Random(seed)  # noqa: S311 - the same batteries each time
        self._batteries = [
            Battery(capacity, percent + self._chance.uniform(-2, 2), 1 + self._chance.uniform(-_IMBALANCE, _IMBALANCE))
            for _ in range(count)
        ]
        self._time = 1000.0 * self._chance.random()
        self._polls_after_restart: int | None = None

    @property
    def capacity(self) -> float:
        """Wh of all batteries."""
        return sum(battery.capacity for battery in self._batteries)

    def poll(self, power: float, *, seconds: float = INTERVAL, noise: float = NOISE) -> Poll:
        """Charge with this average power until the next poll, and return the poll."""
        self._time += seconds
        power *= max(self._chance.gauss(1, noise), 0)
        shares = sum(battery.share for battery in self._batteries)
        for battery in self._batteries:
            battery.add(power * battery.share / shares * seconds / 3600)
        return self._report()

    def _report(self) -> Poll:
        """Return what the gateway reports now."""
        reported = self._batteries
        if self._polls_after_restart is not None:
            self._polls_after_restart += 1
            if self._polls_after_restart <= _ZERO_POLLS:
                return Poll(self._time, None, None)
            if self._polls_after_restart <= _ZERO_POLLS + _NOT_READY_POLLS:
                return Poll(self._time, None, self.capacity)
            number = self._polls_after_restart - _ZERO_POLLS - _NOT_READY_POLLS
            reported = reported[: -(-number // _POLLS_PER_BATTERY)]
        energy = sum(battery.reported_energy for battery in reported)
        return Poll(self._time, int(energy + 1e-6), sum(battery.capacity for battery in reported))

    def restart_gateway(self) -> None:
        """Let the gateway report zeros, then a capacity without charge, then one battery after the other."""
        self._polls_after_restart = 0

    def recalibrate(self, percentage_points: int) -> None:
        """Move what every battery reports."""
        for battery in self._batteries:
            battery.offset += percentage_points

    def add_battery(self) -> None:
        """Add one more battery like the first."""
        first = self._batteries[0]
        self._batteries.append(Battery(first.capacity, 100 * first.charge / first.capacity, first.share))
