"""Measure connections over a long time, and many gateways in one Home Assistant."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from itertools import cycle
from statistics import median
from time import monotonic
from typing import Final
from unittest.mock import patch

from custom_components.enphase_secctrl.coordinator import SecctrlCoordinator
from scripts.lib.process import RunError, print_progress
from tests.benchmarks.gateways import GatewayState, get_requests
from tests.benchmarks.home_assistant import home_assistant, set_up_coordinator
from tests.benchmarks.measure import Operation, Result, cold_cpu_time, compare, percentile, ratio, resident_memory
from tests.benchmarks.polls import create_bare_get

POLLS: Final = 100
INTERVAL: Final = 10  # s
LONG_INTERVAL: Final = 17
"""In seconds; longer than the gateway keeps an idle connection open."""

STEP: Final = 0.4  # s
ROUNDS: Final = 12
TIMES: Final = 100
"""Even, and enough for one poll of each of 100 gateways."""

MEASUREMENT_TIME: Final = 12
"""In seconds; enough for one poll of each gateway."""

SLEEP: Final = 0.005  # s


class Clock:
    """The time of the event loop and of aiohttp's connections. It can be moved forward."""

    def __init__(self) -> None:
        """Start at the current time."""
        self._offset = 0.0

    def now(self) -> float:
        """Return the time in seconds."""
        return monotonic() + self._offset

    def move_forward(self, seconds: float) -> None:
        """Move the time forward."""
        self._offset += seconds


@contextmanager
def patched_clock() -> Iterator[Clock]:
    """Patch the clock of timers and of the keep-alive timeout of connections."""
    clock = Clock()
    loop = asyncio.get_running_loop()
    with patch.object(loop, "time", clock.now), patch("aiohttp.connector.monotonic", clock.now):
        yield clock


async def measure_connections(first: GatewayState, second: GatewayState) -> list[Result]:
    """Let two coordinators poll in virtual time: one by default, and one too seldom to reuse its connection."""
    size, connections = await _poll(first, INTERVAL, POLLS)
    _, other_connections = await _poll(second, LONG_INTERVAL, 10)
    return [
        Result(
            name=f"c  requests of {POLLS} polls, {INTERVAL} s apart",
            value=len(connections),
            kind="count",
            limit=POLLS,
            exact=True,
        ),
        Result(name="c  connections of these and the setup", value=connections[-1], kind="count", limit=1, exact=True),
        Result(
            name=f"   of 10 polls, {LONG_INTERVAL} s apart (checks the clock)",
            value=other_connections[-1],
            kind="count",
            limit=11,
            exact=True,
        ),
        Result(name="c  largest response body", value=size, unit="B", kind="count", limit=1500),
    ]


async def _poll(gateway: GatewayState, interval: int, polls: int) -> tuple[int, list[int]]:
    """Return the size of the largest body, and for each poll the number of its connection."""
    # Home Assistant must stop before the clock is restored, because of its timers
    with patched_clock() as clock:
        async with home_assistant() as hass:
            coordinator = await set_up_coordinator(hass, gateway, interval)
            requests_before = len(await get_requests(gateway))
            last, size = coordinator.availability.polls[-1], 0
            while polls:
                clock.move_forward(STEP)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                await hass.async_block_till_done(wait_background_tasks=True)
                if coordinator.availability.polls[-1] is not last:
                    last = coordinator.availability.polls[-1]
                    size = max(size, last["size"] or 0)
                    polls -= 1
    return size, [request["connection"] for request in (await get_requests(gateway))[requests_before:]]


async def measure_scaling(gateways: list[GatewayState]) -> list[Result]:
    """Measure polls of 1, 10, and 100 gateways, each number in its own Home Assistant; all values change each time.

    Needs 201 gateways: 111 to poll, and 90 to measure the memory of their connections only.
    """
    async with AsyncExitStack() as stack:
        hass = await stack.enter_async_context(home_assistant())
        first_ten = [await set_up_coordinator(hass, gateway) for gateway in gateways[:10]]
        await _poll_twice(first_ten)
        before = resident_memory()
        others = [await set_up_coordinator(hass, gateway) for gateway in gateways[10:100]]
        await _poll_twice(others)
        memory = (resident_memory() - before) / len(others)
        print_progress("100 gateways are set up")
        bare_gets = [await create_bare_get(hass, gateway) for gateway in gateways[:100]]
        before = resident_memory()
        for gateway in gateways[-len(others) :]:
            await (await create_bare_get(hass, gateway))()
        connection_memory = (resident_memory() - before) / len(others)
        poll_hundred = _poll_next(first_ten + others)
        ten_hass, one_hass = [await stack.enter_async_context(home_assistant()) for _ in range(2)]
        poll_ten = _poll_next([await set_up_coordinator(ten_hass, gateway) for gateway in gateways[100:110]])
        poll_one = _poll_next([await set_up_coordinator(one_hass, gateways[110])])
        at_ten = await compare(poll_ten, poll_one, rounds=ROUNDS, times=TIMES, measure=cold_cpu_time)
        at_hundred = await compare(poll_hundred, poll_one, rounds=ROUNDS, times=TIMES, measure=cold_cpu_time)
        bare = await compare(_run_next(bare_gets), bare_gets[0], rounds=ROUNDS, times=TIMES, measure=cold_cpu_time)
        print_progress(f"measuring the latency of the event loop for {MEASUREMENT_TIME} s")
        latencies = await _measure_latencies(first_ten + others)
    return [
        Result(name="d  poll of 1 gateway, CPU", value=at_hundred.baseline * 1e6, unit="µs"),
        Result(name="d  poll of each of 100 gateways, CPU", value=at_hundred.seconds * 1e6, unit="µs"),
        ratio("d  each of 10 / 1", at_ten.ratios, limit=1.15),
        ratio("d  each of 100 / 1", at_hundred.ratios, limit=1.15),
        Result(name="   bare GET to each of 100 / 1", value=median(bare.ratios), unit="x"),
        Result(name="d  event loop latency at 100, p99", value=percentile(latencies, 99) * 1e3, unit="ms", limit=20),
        Result(name="   longest latency", value=max(latencies) * 1e3, unit="ms"),
        Result(name="   memory (RSS) of a gateway", value=memory / 1000, unit="kB"),
        Result(name="   memory of a bare TLS connection", value=connection_memory / 1000, unit="kB"),
        Result(
            name="d  memory of a gateway without its connection",
            value=(memory - connection_memory) / 1000,
            unit="kB",
            limit=300,
        ),
    ]


def _poll_next(coordinators: list[SecctrlCoordinator]) -> Operation:
    """Return an operation that polls the next coordinator each time."""
    return _run_next([coordinator.async_refresh for coordinator in coordinators])


def _run_next(operations: Sequence[Operation]) -> Operation:
    """Return an operation that runs the next of the operations each time."""
    endless = cycle(operations)

    async def run_next() -> None:
        await next(endless)()

    return run_next


async def _poll_twice(coordinators: list[SecctrlCoordinator]) -> None:
    for coordinator in coordinators * 2:
        await coordinator.async_refresh()


async def _measure_latencies(coordinators: list[SecctrlCoordinator]) -> list[float]:
    """Return by how many seconds a timer is late while the coordinators poll on schedule; raises RunError.

    All polls are due in the same second, as after a start of Home Assistant.
    """
    await asyncio.gather(*(coordinator.async_refresh() for coordinator in coordinators))
    last = [coordinator.availability.polls[-1] for coordinator in coordinators]
    latencies = []
    end = monotonic() + MEASUREMENT_TIME
    while (start := monotonic()) < end:
        await asyncio.sleep(SLEEP)
        latencies.append(monotonic() - start - SLEEP)
    if any(coordinator.availability.polls[-1] is poll for coordinator, poll in zip(coordinators, last, strict=True)):
        raise RunError("bench: a gateway was not polled")
    return latencies
