"""Which faults the next answers of a path suffer."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from .faults import Fault

EVERY_PATH = "*"


@dataclass(kw_only=True)
class Step:
    """Faults that act together, for so many answers or (None) until cleared."""

    faults: tuple[Fault, ...]
    times: int | None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Plan:
    """The steps of every path. A step without a count is replaced by the next one."""

    def __init__(self) -> None:
        """Start without a fault."""
        self._steps: dict[str, deque[Step]] = {}
        self._taken: set[asyncio.Event] = set()

    def add(self, path: str, faults: tuple[Fault, ...], times: int | None) -> None:
        """Let the faults act on the path's answers, after earlier counted ones."""
        steps = self._steps.setdefault(path, deque())
        if steps and steps[-1].times is None:
            steps.pop().over.set()
        steps.append(Step(faults=faults, times=times))

    def take(self, path: str) -> Step:
        """Return what happens to one answer of the path."""
        steps = self._steps.get(path) or self._steps.get(EVERY_PATH)
        if not steps:
            return Step(faults=(), times=None)
        step = steps[0]
        self._taken.add(step.over)
        if step.times is not None:
            step.times -= 1
            if step.times <= 0:
                steps.popleft()
        return step

    def clear(self) -> None:
        """End every fault, also those that hold an answer back right now."""
        for steps in self._steps.values():
            self._taken.update(step.over for step in steps)
        for over in self._taken:
            over.set()
        self._steps.clear()
        self._taken.clear()
