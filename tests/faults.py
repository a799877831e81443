"""Faults for the emulator that need something of the test: its clock, an event, or a function to call."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import override

from homeassistant.core import async_get_hass
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed_exact

from tests.emulator import Fault, Stall
from tests.emulator.response import Connection, Response, encode_head


@dataclass(frozen=True)
class CallFirst(Fault):
    """Calls a function when the request arrives, and then responds."""

    function: Callable[[], object]

    @override
    async def before_response(self, cleared: asyncio.Event) -> None:
        """Call the function."""
        self.function()


@dataclass(frozen=True)
class Held(Fault):
    """Doesn't respond until the fault is cleared; sets `holding` when a request arrives."""

    holding: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def before_response(self, cleared: asyncio.Event) -> None:
        """Wait until the fault is cleared."""
        self.holding.set()
        await cleared.wait()


@dataclass(frozen=True)
class HeldBody(Held):
    """Sends half of the response, and the rest when the fault is cleared; sets `holding` when a request arrives."""

    @override
    async def before_response(self, cleared: asyncio.Event) -> None:
        """Don't wait before the headers."""

    @override
    async def send(self, response: Response, connection: Connection) -> bool:
        """Send half of the response."""
        self.holding.set()
        return await Stall(len(response.body) // 2).send(response, connection)


def expire_timeouts(seconds: float) -> None:
    """Run the timers that are due within these seconds, without changing the clock: the client's request times out."""
    async_fire_time_changed_exact(async_get_hass(), dt_util.utcnow() + timedelta(seconds=seconds))


async def run_client() -> None:
    """Run the event loop until the client has read what was written."""
    for _ in range(20):
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Slow(Fault):
    """Doesn't respond before the client's request times out: after 10 s at a gateway, after 20 s at the cloud."""

    seconds: float = 11

    @override
    async def before_response(self, cleared: asyncio.Event) -> None:
        """Let the request time out."""
        expire_timeouts(self.seconds)
        await cleared.wait()


@dataclass(frozen=True)
class SlowBody(Fault):
    """Sends half of the body, and nothing more before the client's request times out."""

    seconds: float = 11

    @override
    async def send(self, response: Response, connection: Connection) -> bool:
        """Send half of the response, and let the request time out."""
        connection.write(encode_head(response) + response.body[: len(response.body) // 2])
        await run_client()
        expire_timeouts(self.seconds)
        await connection.cleared.wait()
        connection.close()
        return True


@dataclass(frozen=True)
class ResetInBody(Fault):
    """Resets the connection in the middle of the body, when the client has read the headers."""

    @override
    async def send(self, response: Response, connection: Connection) -> bool:
        """Send half of the response, and reset the connection."""
        connection.write(encode_head(response) + response.body[: len(response.body) // 2])
        await run_client()
        connection.reset()
        return True


@dataclass(frozen=True)
class Headers(Fault):
    """Replaces the headers of the response."""

    headers: tuple[tuple[str, str], ...]

    @override
    def modify(self, response: Response) -> Response:
        """Return the response with these headers."""
        return replace(response, headers=self.headers)
