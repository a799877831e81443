"""What is expected of Home Assistant, at once or after a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from scripts.hass import RunError

SECONDS: Final = 15


def same[T](what: str, found: T, wanted: T) -> None:
    """Check what was found; raises RunError that says what it is."""
    if found != wanted:
        msg = f"{what}: expected {wanted!r}, found {found!r}"
        raise RunError(msg)


async def until[T](look: Callable[[], Awaitable[T]], wanted: Callable[[T], bool]) -> T:
    """Look until it is as wanted; return it so, or as it is when the patience ends."""
    for _ in range(SECONDS * 10):
        if wanted(seen := await look()):
            break
        await asyncio.sleep(0.1)
    return seen
