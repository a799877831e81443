"""Waiting for what takes Home Assistant a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

SECONDS: Final = 15


async def until[T](look: Callable[[], Awaitable[T]], wanted: Callable[[T], bool]) -> T:
    """Look until it is as wanted; return it so, or as it is when the patience ends."""
    for _ in range(SECONDS * 10):
        if wanted(seen := await look()):
            break
        await asyncio.sleep(0.1)
    return seen
