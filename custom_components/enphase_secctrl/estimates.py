"""Estimate when the batteries reach a level, from the steps in which their stored energy changes.

A gateway adds up whole percents of each battery. So while the energy changes by 1 % of the capacity, each battery
steps once, at a time of its own. A rate over a fixed time would depend on how many of these steps it includes; a rate
over 2 % of the capacity includes two of each battery.
"""

from collections import deque
from heapq import nlargest
from itertools import pairwise
from statistics import median_low
from typing import Final, NamedTuple

_RATE_CHANGE: Final = 0.02
_RATE_SECONDS: Final = 3 * 3600
"""The rate is taken between edges at least this part of the capacity, and at most this time, apart."""

_JUMP: Final = 0.01
"""Part of the capacity. A change between two polls that exceeds what the rate explains by more than this is a
recalibration or a restart."""

_FULL_CHARGE_SECONDS: Final = 3600
"""Batteries take at least this long from empty to full, and back. While the rate is unknown, this explains changes."""

_ROUNDING: Final = 0.0005
"""Part of the capacity, but at least 1 Wh: the error of a change, because gateways report whole Wh."""

_PAUSE: Final = 3
"""A step that takes more than this many times as long as it should is a pause."""

_MISSED_POLLS: Final = 2
"""After more than this many times the usual interval, the time at which the energy changed is unknown."""

_LONGEST_ESTIMATE: Final = 24 * 3600
"""Seconds. A longer estimate is unknown."""

_MAX_EDGES: Final = 2160
"""3 hours of polls with the shortest update interval."""


class _Edge(NamedTuple):
    """A poll in which the energy had changed: its time in seconds, and the new energy in Wh."""

    time: float
    energy: float


class EnergyTrend:
    """The stored energy of a group of batteries, and when it reaches a level.

    Times are seconds of a monotonic clock; energies and capacities are Wh.
    """

    def __init__(self) -> None:
        """Start without a poll."""
        self._time: float | None = None
        self._energy: float | None = None
        self._capacity = 0.0
        self._intervals: deque[float] = deque(maxlen=5)
        self._edges: deque[_Edge] = deque(maxlen=_MAX_EDGES)
        """Edges of the current direction; the rate, if there is one, is that from the first to the last."""

        self._is_charging = False
        self._rate: float | None = None
        """Wh per second; negative while discharging."""

        self._longest_step = 0.0
        """Seconds: the longest time between two successive edges of the rate."""

    def add(self, time: float, energy: float | None, capacity: float | None) -> None:
        """Record a successful poll, even if nothing has changed: polls that are left out count as missed.

        None is unknown.
        """
        interval = 0.0
        if self._time is not None:
            interval = time - self._time
            self._intervals.append(interval)
        self._time = time
        before, self._energy = self._energy, energy
        if energy is None or before is None or not capacity or capacity != self._capacity:
            self._restart()
            self._capacity = capacity or 0.0
        elif energy != before:
            self._add_change(_Edge(time, energy), energy - before, interval)

    def minutes_until(self, time: float, target: float, *, charging: bool) -> int | None:
        """Return the minutes until the energy is at or above the target (charging), or at or below it (discharging).

        0 while it is there, at least 1 while it is not, and None if unknown, for example while the opposite happens.
        """
        if self._energy is None or not self._capacity:
            return None
        if self._energy >= target if charging else self._energy <= target:
            return 0
        if self._rate is None or self._is_charging is not charging:
            return None
        last = self._edges[-1]
        since = time - last.time
        if since > _PAUSE * self._longest_step:
            return None
        seconds = (target - last.energy) / self._rate - since
        return max(1, round(seconds / 60)) if seconds <= _LONGEST_ESTIMATE else None

    def _add_change(self, edge: _Edge, change: float, interval: float) -> None:
        """Record a change of the energy since the poll before."""
        is_charging = change > 0
        is_in_time = interval <= _MISSED_POLLS * median_low(self._intervals)
        if self._rate is not None:
            explained = abs(self._rate) * interval if is_charging is self._is_charging else 0.0
        else:
            explained = self._capacity / _FULL_CHARGE_SECONDS * interval if is_in_time else 0.0
        if abs(change) > explained + _JUMP * self._capacity + self._rounding:
            self._restart()
            return
        if is_charging is not self._is_charging:
            self._restart()
            self._is_charging = is_charging
        if is_in_time:
            self._edges.append(edge)
            self._update_rate()

    def _update_rate(self) -> None:
        """Calculate the rate from the latest edges that are far enough apart."""
        last = self._edges[-1]
        enough = _RATE_CHANGE * self._capacity - self._rounding
        while len(self._edges) > 1 and abs(last.energy - self._edges[1].energy) >= enough:
            self._edges.popleft()
        first = self._edges[0]
        change, seconds = last.energy - first.energy, last.time - first.time
        self._rate = None
        if abs(change) >= enough and 0 < seconds <= _RATE_SECONDS:
            steps = nlargest(2, (after.time - before.time for before, after in pairwise(self._edges)))
            self._longest_step = steps[0]
            if steps[0] <= _PAUSE * steps[-1]:
                self._rate = change / seconds

    @property
    def _rounding(self) -> float:
        """The error of a change, in Wh."""
        return max(1.0, _ROUNDING * self._capacity)

    def _restart(self) -> None:
        """Forget the edges and the rate."""
        self._edges.clear()
        self._rate = None
