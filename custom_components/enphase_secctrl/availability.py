"""What follows from polls that fail: longer intervals, and when the last report is no longer valid."""

from collections import deque
from datetime import timedelta
from math import inf
from time import monotonic
from typing import Final, TypedDict

from .const import DEFAULT_UPDATE_INTERVAL, MAX_UPDATE_INTERVAL, MIN_UPDATE_INTERVAL

_MAX_BACKOFF: Final = 60
"""Seconds. The interval doubles up to this; a longer interval stays as it is."""

_MAX_RETRY_AFTER: Final = 600
"""Seconds. A longer Retry-After is shortened to this."""

_GRACE_POLLS: Final = 3
_GRACE_SECONDS: Final = 60
"""How long the last report stays valid, whichever is longer: gateways stall for half a minute once a day."""

_UNSTABLE_SECONDS: Final = 600
"""A gateway that fails again within this time, or 3 intervals if longer, is unstable.

It is stable again when it hasn't failed for the same time.
"""


def valid_interval(stored: object) -> float:
    """Return the stored update interval in seconds, within the limits; the default if it isn't a number."""
    if isinstance(stored, bool) or not isinstance(stored, int | float):
        return DEFAULT_UPDATE_INTERVAL
    return min(max(stored, MIN_UPDATE_INTERVAL), MAX_UPDATE_INTERVAL)


class Poll(TypedDict):
    """One poll: "ok" or the translation key of its error, duration in seconds, and size of the body in bytes."""

    outcome: str
    seconds: float
    size: int | None


class Availability:
    """The last polls of one gateway, and what follows from them."""

    def __init__(self, interval: float) -> None:
        """Start without failures; the interval is in seconds."""
        self.is_available = True
        self.is_unstable = False
        self.polls: deque[Poll] = deque(maxlen=10)
        self._interval = interval
        self._unstable_seconds = max(_UNSTABLE_SECONDS, 3 * interval)
        self._failures = 0
        self._last_success = monotonic()
        self._last_failure = -inf

    @property
    def report_age(self) -> float:
        """Seconds since the last successful poll."""
        return monotonic() - self._last_success

    @property
    def interval(self) -> timedelta:
        """Time until the next poll."""
        longest = max(self._interval, _MAX_BACKOFF)
        return timedelta(seconds=min(self._interval * 2 ** min(self._failures, 10), longest))

    def retry_delay(self, retry_after: float | None) -> float | None:
        """Return the seconds to wait if the gateway sent a Retry-After header, else None."""
        return None if retry_after is None else max(self._interval, min(retry_after, _MAX_RETRY_AFTER))

    def record_success(self, seconds: float, size: int) -> None:
        """Record a successful poll."""
        self.polls.append(Poll(outcome="ok", seconds=seconds, size=size))
        self.is_available = True
        self._failures = 0
        self._last_success = monotonic()
        if monotonic() - self._last_failure >= self._unstable_seconds:
            self.is_unstable = False

    def record_failure(self, seconds: float, error: str, *, rejected: bool) -> None:
        """Record a failed poll. After a rejected token the last report is invalid at once."""
        self.polls.append(Poll(outcome=error, seconds=seconds, size=None))
        if self._failures == 0 and monotonic() - self._last_failure < self._unstable_seconds:
            self.is_unstable = True
        self._failures += 1
        self._last_failure = monotonic()
        if rejected or (self._failures >= _GRACE_POLLS and self.report_age >= _GRACE_SECONDS):
            self.is_available = False
