"""A wall clock that can be set, while the monotonic clock goes on."""

from collections.abc import Callable

from freezegun import api
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.emulator import Cloud, Gateway

type SetClock = Callable[[float], None]


def settable_clock(
    freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch, *servers: Gateway | Cloud
) -> SetClock:
    """Return a function that sets the wall clock of Home Assistant forward or back by some seconds.

    The monotonic clock, which freezegun derives from the wall clock, and the clocks of the servers go on.
    """
    offset = 0.0
    frozen_monotonic, server_clock = api._get_fake_monotonic, servers[0].clock  # noqa: SLF001 - there is no other way
    monkeypatch.setattr(api, "_get_fake_monotonic", lambda: frozen_monotonic() - offset)
    for server in servers:
        server.clock = lambda: server_clock() - offset

    def set_clock(seconds: float) -> None:
        nonlocal offset
        offset += seconds
        freezer.tick(seconds)

    return set_clock
