"""How scripts/bench measures: CPU time of work in turns with other work, and what came out of it."""

from collections.abc import Awaitable, Callable, Sequence
from cProfile import Profile
from dataclasses import dataclass, replace
import gc
from math import ceil
from pathlib import Path
from pstats import Stats
import resource
from statistics import median
import time
from typing import Final, Literal

type Work = Callable[[], Awaitable[object]]
type Kind = Literal["ratio", "count", "absolute"]

PAGE: Final = resource.getpagesize()
ELSEWHERE: Final = b"elsewhere" * 1_000_000
"""More than a core's own cache holds."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number and its bound; a count is met only exactly, unless it may be `less`."""

    name: str
    value: float
    unit: str = ""
    bound: float | None = None
    kind: Kind = "absolute"
    less: bool = True
    rounds: tuple[float, ...] = ()
    """What each round of a ratio measured; the value is their median."""

    @property
    def ok(self) -> bool:
        """Whether it is within its bound."""
        return self.bound is None or (self.value <= self.bound if self.less else self.value == self.bound)

    def within(self, noise: float) -> bool:
        """Whether a ratio is, give or take the noise; anything else must be exactly."""
        return self.ok or (self.kind == "ratio" and self.bound is not None and self.value <= self.bound * noise)


def ratio(name: str, rounds: Sequence[float], bound: float) -> Measure:
    """Return the measure of what rounds say: disturbed ones count no more than others."""
    return Measure(name=name, value=median(rounds), unit="x", bound=bound, kind="ratio", rounds=tuple(rounds))


def pooled(first: Measure, again: Measure) -> Measure:
    """Return the median of the rounds of both; what is no ratio stays as it was first."""
    if first.kind != "ratio":
        return first
    rounds = first.rounds + again.rounds
    return replace(first, value=median(rounds), rounds=rounds)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The rounds' ratios of work to its floor, and the median seconds of CPU for each of the two."""

    ratios: tuple[float, ...]
    seconds: float
    floor: float


def compared(rounds: Sequence[tuple[float, float]]) -> Compared:
    """Return what rounds of (work, floor) in seconds say."""
    return Compared(
        ratios=tuple(work / floor for work, floor in rounds),
        seconds=median(work for work, _ in rounds),
        floor=median(floor for _, floor in rounds),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of the values do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


async def cost(work: Work, times: int = 1) -> float:
    """Return the seconds of CPU, of all threads of this process, that the work takes once."""
    began = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - began) / times


async def cold_cost(work: Work, times: int) -> float:
    """Return the same as `cost` for work whose turn comes after much else, as every 10 s: no cache remembers it."""
    total = 0.0
    for _ in range(times):
        ELSEWHERE.find(b"\0")
        total += await cost(work)
    return total / times


async def compare(
    work: Work, floor: Work, *, rounds: int, times: int, cost: Callable[[Work, int], Awaitable[float]] = cost
) -> Compared:
    """Do both in turns, each `times` a round; who begins changes."""
    for warm_up in (work, floor):
        await cost(warm_up, times)
    gc.collect()
    gc.freeze()
    found = []
    for number in range(rounds):
        if number % 2:
            found.append((await cost(work, times), await cost(floor, times)))
        else:
            floor_first = await cost(floor, times)
            found.append((await cost(work, times), floor_first))
    gc.unfreeze()
    return compared(found)


def resident() -> int:
    """Return the bytes of memory that this process has in use, TLS included (Linux)."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def profile(work: Work, times: int, file: Path) -> None:
    """Write where the time of the work goes: by the functions' own time, and with what they call."""
    profiler = Profile()
    profiler.enable()
    await cost(work, times)
    profiler.disable()
    with file.open("w") as output:
        for order in ("tottime", "cumulative"):
            Stats(profiler, stream=output).sort_stats(order).print_stats(45)
