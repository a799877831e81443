"""The schedule of faults: which faults apply to the next responses of a path."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from .faults import Fault

ALL_PATHS: Final = "*"


@dataclass(kw_only=True)
class ScheduledFaults:
    """Faults that act together, on a number of responses or (None) until they are cleared."""

    faults: tuple[Fault, ...] = ()
    times: int | None = None
    cleared: asyncio.Event = field(default_factory=asyncio.Event)


class FaultSchedule:
    """The scheduled faults of each path, in order. New faults replace the last ones if these have no count."""

    def __init__(self) -> None:
        """Initialize without faults."""
        self._queues: dict[str, deque[ScheduledFaults]] = {}
        self._active: set[asyncio.Event] = set()

    def add(self, path: str, faults: tuple[Fault, ...], times: int | None) -> None:
        """Schedule faults for the responses of a path, after the earlier ones that have a count."""
        queue = self._queues.setdefault(path, deque())
        if queue and queue[-1].times is None:
            queue.pop().cleared.set()
        queue.append(ScheduledFaults(faults=faults, times=times))

    def take(self, path: str) -> ScheduledFaults:
        """Return the faults of one response of the path, and count it."""
        queue = self._queues.get(path) or self._queues.get(ALL_PATHS)
        if not queue:
            return ScheduledFaults()
        scheduled = queue[0]
        self._active.add(scheduled.cleared)
        if scheduled.times is not None:
            scheduled.times -= 1
            if scheduled.times <= 0:
                queue.popleft()
        return scheduled

    def clear(self) -> None:
        """Remove all faults, and release the responses that they delay."""
        for queue in self._queues.values():
            self._active.update(scheduled.cleared for scheduled in queue)
        for cleared in self._active:
            cleared.set()
        self._queues.clear()
        self._active.clear()
