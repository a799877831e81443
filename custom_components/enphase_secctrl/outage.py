"""Polls that fail: they come more slowly, and at some point the last report says nothing any more. Pure."""

from datetime import timedelta
from time import monotonic
from typing import Final

_SLOWEST: Final = 60
"""Seconds. The interval doubles up to this, or stays as it is when it is longer."""

_LONGEST_PAUSE: Final = 600
"""Seconds. A gateway that asks to be left alone for longer is asked again after this."""

_KEPT_POLLS: Final = 3
_KEPT_SECONDS: Final = 60
"""For how long the last report stands, whichever is longer: gateways stall for half a minute once a day."""


class Outage:
    """How many polls in a row have failed, and what follows from it."""

    def __init__(self, interval: float) -> None:
        """Begin without a failure; the interval is in seconds."""
        self.is_total = False
        self._interval = interval
        self._failures = 0
        self._last_good = monotonic()

    @property
    def age(self) -> float:
        """How old the last good answer is, in seconds."""
        return monotonic() - self._last_good

    @property
    def interval(self) -> timedelta:
        """When to poll again."""
        slowest = max(self._interval, _SLOWEST)
        return timedelta(seconds=min(self._interval * 2 ** min(self._failures, 10), slowest))

    def pause(self, retry_after: float | None) -> float | None:
        """Return how long to wait before the next poll, if the gateway has asked for it."""
        return None if retry_after is None else max(self._interval, min(retry_after, _LONGEST_PAUSE))

    def note_success(self) -> None:
        """Note a poll that went well."""
        self.is_total = False
        self._failures = 0
        self._last_good = monotonic()

    def note_failure(self, *, refused: bool) -> None:
        """Note a poll that failed; a refused token leaves nothing to wait for."""
        self._failures += 1
        self.is_total |= refused or (self._failures >= _KEPT_POLLS and self.age >= _KEPT_SECONDS)
