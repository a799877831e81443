"""Connections over a long time, and many gateways in one Home Assistant."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from itertools import cycle
from statistics import median
from time import monotonic
from typing import Final
from unittest.mock import patch

from custom_components.enphase_secctrl.coordinator import SecctrlCoordinator
from scripts.bench_cycles import bare_get
from scripts.bench_gateways import Reach, requests
from scripts.bench_home import coordinator_of, home
from scripts.bench_measure import Measure, Work, cold_cost, compare, percentile, ratio, resident
from scripts.hass import RunError, say

POLLS: Final = 100
TOO_FAR_APART: Final = 17  # s
STEP: Final = 0.4  # s
ROUNDS: Final = 12
TIMES: Final = 100  # even, and each of the hundred once
LONG_ENOUGH: Final = 12  # s, in which each gateway is polled
PROBE: Final = 0.005  # s


class Clock:
    """The time of the event loop and of aiohttp's connections, which goes on as ever and can be put forward."""

    def __init__(self) -> None:
        """Begin now."""
        self._ahead = 0.0

    def now(self) -> float:
        """Return the time (s)."""
        return monotonic() + self._ahead

    def forward(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self._ahead += seconds


@contextmanager
def clock() -> Iterator[Clock]:
    """Give the clock by which timers, and the ends of idle connections, go."""
    ours = Clock()
    loop = asyncio.get_running_loop()
    with patch.object(loop, "time", ours.now), patch("aiohttp.connector.monotonic", ours.now):
        yield ours


async def connections(near: Reach, far: Reach) -> list[Measure]:
    """Let two coordinators poll by their own timers, one as it is and one too seldom to keep its connection."""
    size, polls = await _polls(near, 10, POLLS)
    _, far_polls = await _polls(far, TOO_FAR_APART, 10)
    return [
        Measure(
            name=f"c  requests of {POLLS} polls 10 s apart", value=len(polls), kind="count", bound=POLLS, less=False
        ),
        Measure(name="c  connections of these and the set-up", value=polls[-1], kind="count", bound=1, less=False),
        Measure(
            name="   of 10 polls 17 s apart (proves the clock)", value=far_polls[-1], kind="count", bound=11, less=False
        ),
        Measure(name="c  largest body", value=size, unit="B", kind="count", bound=1500),
    ]


async def _polls(gateway: Reach, interval: int, number: int) -> tuple[int, list[int]]:
    """Return the size of the largest body, and of each request after the set-up its connection."""
    # The home goes before the clock: its timers are of that time
    with clock() as time:
        async with home() as hass:
            coordinator = await coordinator_of(hass, gateway, interval)
            first = len(await requests(gateway))
            seen, size = coordinator.polls[-1], 0
            while number:
                time.forward(STEP)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                await hass.async_block_till_done(wait_background_tasks=True)
                if coordinator.polls[-1] is not seen:
                    seen = coordinator.polls[-1]
                    size = max(size, seen["size"] or 0)
                    number -= 1
    return size, [request["connection"] for request in (await requests(gateway))[first:]]


async def many(gateways: list[Reach]) -> list[Measure]:
    """Set up homes of three sizes beside each other; what they poll changes each time.

    Takes 111 gateways to poll, and 90 more to be connected to.
    """
    async with AsyncExitStack() as homes:
        hass = await homes.enter_async_context(home())
        few = [await coordinator_of(hass, gateway) for gateway in gateways[:10]]
        await _poll_twice(few)
        before = resident()
        most = [await coordinator_of(hass, gateway) for gateway in gateways[10:100]]
        await _poll_twice(most)
        each = (resident() - before) / len(most)
        say("100 gateways are set up")
        bare_gets = [await bare_get(hass, gateway) for gateway in gateways[:100]]
        before = resident()
        for gateway in gateways[-len(most) :]:
            await (await bare_get(hass, gateway))()
        connection = (resident() - before) / len(most)
        many_polls = _in_turn(few + most)
        ten_hass, one_hass = [await homes.enter_async_context(home()) for _ in range(2)]
        ten = _in_turn([await coordinator_of(ten_hass, gateway) for gateway in gateways[100:110]])
        one = _in_turn([await coordinator_of(one_hass, gateways[110])])
        at_ten = await compare(ten, one, rounds=ROUNDS, times=TIMES, cost=cold_cost)
        at_hundred = await compare(many_polls, one, rounds=ROUNDS, times=TIMES, cost=cold_cost)
        bare = await compare(_next_of(bare_gets), bare_gets[0], rounds=ROUNDS, times=TIMES, cost=cold_cost)
        say(f"measuring the delay of the event loop for {LONG_ENOUGH} s")
        delays = await _delays(few + most)
    return [
        Measure(name="d  poll of 1 gateway, CPU", value=at_hundred.floor * 1e6, unit="µs"),
        Measure(name="d  poll of each of 100 gateways, CPU", value=at_hundred.seconds * 1e6, unit="µs"),
        ratio("d  each of 10 / 1", at_ten.ratios, bound=1.15),
        ratio("d  each of 100 / 1", at_hundred.ratios, bound=1.15),
        Measure(name="   bare GET at each of 100 / 1", value=median(bare.ratios), unit="x"),
        Measure(name="d  event loop's delay at 100, p99", value=percentile(delays, 99) * 1e3, unit="ms", bound=20),
        Measure(name="   its longest", value=max(delays) * 1e3, unit="ms"),
        Measure(name="   memory (RSS) of a gateway", value=each / 1000, unit="kB"),
        Measure(name="   of a bare TLS connection", value=connection / 1000, unit="kB"),
        Measure(
            name="d  memory of a gateway beyond its connection", value=(each - connection) / 1000, unit="kB", bound=300
        ),
    ]


def _in_turn(coordinators: list[SecctrlCoordinator]) -> Work:
    """Return the work that polls the next one."""
    return _next_of([coordinator.async_refresh for coordinator in coordinators])


def _next_of(works: Sequence[Work]) -> Work:
    """Return the work that does the next one each time."""
    turns = cycle(works)

    async def work() -> None:
        await next(turns)()

    return work


async def _poll_twice(coordinators: list[SecctrlCoordinator]) -> None:
    for coordinator in coordinators * 2:
        await coordinator.async_refresh()


async def _delays(coordinators: list[SecctrlCoordinator]) -> list[float]:
    """Return how late (s) a timer is while the coordinators poll by theirs, all in the same second as after a start."""
    await asyncio.gather(*(coordinator.async_refresh() for coordinator in coordinators))
    last = [coordinator.polls[-1] for coordinator in coordinators]
    late = []
    end = monotonic() + LONG_ENOUGH
    while (began := monotonic()) < end:
        await asyncio.sleep(PROBE)
        late.append(monotonic() - began - PROBE)
    if any(coordinator.polls[-1] is poll for coordinator, poll in zip(coordinators, last, strict=True)):
        raise RunError("bench: a gateway was not polled")
    return late
