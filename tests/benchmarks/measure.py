"""Measure the CPU time of an operation in comparison with a baseline, and check results against their limits."""

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

type Operation = Callable[[], Awaitable[object]]
type Kind = Literal["ratio", "count", "absolute"]

PAGE_SIZE: Final = resource.getpagesize()
CACHE_FILLER: Final = b"elsewhere" * 1_000_000
"""More bytes than the cache of a CPU core holds."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A measured value and its limit. A count must be equal to its limit if it is `exact`."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    kind: Kind = "absolute"
    exact: bool = False
    rounds: tuple[float, ...] = ()
    """The values of all rounds of a ratio; the value is their median."""

    @property
    def ok(self) -> bool:
        """Whether the value is within its limit."""
        return self.limit is None or (self.value == self.limit if self.exact else self.value <= self.limit)

    def within(self, noise: float) -> bool:
        """Whether the value is within its limit; for a ratio, the limit is multiplied by `noise`."""
        return self.ok or (self.kind == "ratio" and self.limit is not None and self.value <= self.limit * noise)


def ratio(name: str, rounds: Sequence[float], limit: float) -> Result:
    """Return the median of the rounds, so that a few disturbed rounds don't matter."""
    return Result(name=name, value=median(rounds), unit="x", limit=limit, kind="ratio", rounds=tuple(rounds))


def combine(first: Result, second: Result) -> Result:
    """Return the median of the rounds of both measurements of a ratio; for other results, return the first."""
    if first.kind != "ratio":
        return first
    rounds = first.rounds + second.rounds
    return replace(first, value=median(rounds), rounds=rounds)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The ratio of an operation to its baseline in each round, and the median CPU time of both in seconds."""

    ratios: tuple[float, ...]
    seconds: float
    baseline: float


def summarize(rounds: Sequence[tuple[float, float]]) -> Comparison:
    """Return the comparison of rounds of (operation, baseline) in seconds."""
    return Comparison(
        ratios=tuple(operation / baseline for operation, baseline in rounds),
        seconds=median(operation for operation, _ in rounds),
        baseline=median(baseline for _, baseline in rounds),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of the values that at least `percent` percent of them do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


async def cpu_time(operation: Operation, times: int = 1) -> float:
    """Return the mean CPU time of the operation in seconds, for all threads of this process."""
    start = time.process_time()
    for _ in range(times):
        await operation()
    return (time.process_time() - start) / times


async def cold_cpu_time(operation: Operation, times: int) -> float:
    """Return the same with cold CPU caches, as they are when an operation runs every 10 s only."""
    total = 0.0
    for _ in range(times):
        CACHE_FILLER.find(b"\0")
        total += await cpu_time(operation)
    return total / times


async def compare(
    operation: Operation,
    baseline: Operation,
    *,
    rounds: int,
    times: int,
    measure: Callable[[Operation, int], Awaitable[float]] = cpu_time,
) -> Comparison:
    """Measure both alternately, each `times` times per round, in alternating order."""
    for warm_up in (operation, baseline):
        await measure(warm_up, times)
    gc.collect()
    gc.freeze()
    found = []
    for number in range(rounds):
        if number % 2:
            found.append((await measure(operation, times), await measure(baseline, times)))
        else:
            baseline_first = await measure(baseline, times)
            found.append((await measure(operation, times), baseline_first))
    gc.unfreeze()
    return summarize(found)


def resident_memory() -> int:
    """Return the resident memory of this process in bytes (Linux), which includes the buffers of TLS."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_SIZE


async def profile(operation: Operation, times: int, file: Path) -> None:
    """Write a profile of the operation to the file: by own time, and by cumulative time."""
    profiler = Profile()
    profiler.enable()
    await cpu_time(operation, times)
    profiler.disable()
    with file.open("w") as output:
        for order in ("tottime", "cumulative"):
            Stats(profiler, stream=output).sort_stats(order).print_stats(45)
