"""A day in virtual time, poll by poll, with everything that goes wrong; in CI a month of it (DAYS=30)."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
import gc
import json
import logging
import os
import random
import tracemalloc

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_TOKEN,
    CONF_USERNAME,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_CLOUD
from tests.gateway import Body, Chunked, Cloud, EarlyClose, Garbage, Gateway, Reset, Status, Truncated
from tests.oracle import Expected, expected
from tests.shown import agrees, poll, shown
from tests.test_discovery import announce
from tests.test_sign_in import reauths

DAYS = int(os.environ.get("DAYS", "1"))
MINUTES_A_DAY = 24 * 60
FREQUENCY = 0.03
SECCTRL = "/ivp/ensemble/secctrl"

type Trouble = Callable[[Gateway, Cloud], object]

TROUBLE: dict[str, Trouble] = {
    "502": lambda gateway, _: gateway.answer("*", Status(502)),
    "503": lambda gateway, _: gateway.answer("*", Status(503, retry_after=30)),
    "504 where tokens are checked": lambda gateway, _: gateway.answer("/auth/check_jwt", Status(504)),
    "reset": lambda gateway, _: gateway.answer("*", Reset()),
    "early close": lambda gateway, _: gateway.answer(SECCTRL, EarlyClose()),
    "garbage": lambda gateway, _: gateway.answer("*", Garbage()),
    "truncated": lambda gateway, _: gateway.answer(SECCTRL, Truncated(100)),
    "chunked": lambda gateway, _: gateway.answer(SECCTRL, Chunked()),
    "HTML": lambda gateway, _: gateway.answer(SECCTRL, Body(b"<html></html>")),
    "another gateway": lambda gateway, _: setattr(gateway, "serial", "122300000009"),
    "/info is HTML": lambda gateway, _: gateway.answer("/info", Body(b"<html></html>")),
    "refused": lambda gateway, _: setattr(gateway, "state", "refused"),
    "zeros": lambda gateway, _: setattr(gateway, "state", "zeros"),
    "overloaded": lambda gateway, _: setattr(gateway, "state", "overloaded"),
    "sessions lost": lambda gateway, _: gateway.forget_sessions(),
    "new certificate": lambda gateway, _: gateway.new_certificate(),
    "firmware": lambda gateway, _: setattr(gateway, "firmware", "8.2.4399"),
    "cloud away": lambda _, cloud: cloud.answer("*", Status(503)),
    "bad value": lambda gateway, _: setattr(gateway, "body", _spoiled(gateway)),
}


def _spoiled(gateway: Gateway) -> bytes:
    return json.dumps(gateway.payload | {"agg_soc": "12", "VLS_Limit": None}).encode()


def calm(gateway: Gateway, cloud: Cloud) -> None:
    """End all trouble."""
    gateway.clear()
    cloud.clear()
    gateway.body = None
    gateway.serial = "122300000001"
    gateway.state = "up"


@pytest.fixture
def entry(gateway: Gateway, cloud: Cloud) -> MockConfigEntry:
    """An installer's account: its tokens last 12 hours."""
    cloud.add_account("owner@example.com", "secret", role="installer")
    gateway.scenario = "day"
    return MockConfigEntry(
        domain=DOMAIN,
        unique_id=gateway.serial,
        data={
            CONF_HOST: gateway.host,
            CONF_SIGN_IN: SIGN_IN_CLOUD,
            CONF_TOKEN: gateway.token(role="installer", lifetime=12 * 3600.0),
            CONF_USERNAME: "owner@example.com",
            CONF_PASSWORD: "secret",
        },
        options={"scan_interval": 60},
    )


class Memory:
    """Counts objects each day, and over the last days of many the bytes that our modules have allocated."""

    def __init__(self, days: int) -> None:
        """Remember from which day on allocations are traced: it doubles the time."""
        self._traced_from = days - 4
        self._objects: list[int] = []
        self._bytes: list[int] = []

    def look(self, day: int) -> None:
        """Take the figures before a day begins."""
        gc.collect()
        self._objects.append(len(gc.get_objects()))
        if day == self._traced_from:
            tracemalloc.start()
        if tracemalloc.is_tracing():
            everything = tracemalloc.take_snapshot()
            ours = everything.filter_traces(
                [tracemalloc.Filter(inclusive=True, filename_pattern="*/enphase_secctrl/*")]
            )
            self._bytes.append(sum(line.size for line in ours.statistics("filename")))

    def is_flat(self) -> bool:
        """Return whether a day leaves few objects (the harness records calls), and no bytes of ours."""
        tracemalloc.stop()
        settled, traced = self._objects[1:] or [0], self._bytes[1:] or [0]
        return settled[-1] - settled[0] <= 200 * len(settled) and traced[-1] - traced[0] <= 10_000 * len(traced)


class Witness:
    """Knows what may be shown: what the gateway said last, or nothing."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
        """Begin with what the set-up has read."""
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._good: dict[str, Expected] = expected(json.loads(gateway.content()))

    async def poll(self) -> str:
        """Poll once and judge what is shown; return the outcome, "ok" or a failure's key."""
        said = expected(json.loads(self._gateway.content()))
        coordinator = self._entry.runtime_data
        await coordinator.async_refresh()
        self._good = said if coordinator.last_update_success else self._good
        found = shown(self._hass, self._entry)
        gone = dict.fromkeys(found, STATE_UNAVAILABLE)
        assert found == gone or agrees(found, {key: self._good.get(key) for key in found})
        return str(coordinator.polls[-1]["outcome"])


async def move(hass: HomeAssistant, gateway: Gateway) -> None:
    """Give the gateway another address, and let it announce itself."""
    await gateway.stop()
    await gateway.start()
    await announce(hass, gateway)
    await hass.async_block_till_done()


def weather(chance: random.Random, gateway: Gateway, cloud: Cloud) -> Iterator[bool]:
    """Make trouble now and then, two kinds at a time, and end it; yield each minute whether all is calm."""
    while True:
        if chance.random() < FREQUENCY:
            for name in chance.sample(sorted(TROUBLE), 2):
                TROUBLE[name](gateway, cloud)
            for _ in range(chance.randint(1, 8)):
                yield False
            calm(gateway, cloud)
        yield True


@pytest.fixture
def silence() -> Iterator[None]:
    """Log nothing: pytest would keep every line, and with it every exception."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("days", [DAYS])
async def test_every_poll(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    silence: None,
    days: int,
) -> None:
    """No state is ever wrong, nobody is asked to sign in, and the memory stays flat."""
    minutes = weather(random.Random(1), gateway, cloud)  # noqa: S311 - the same weather each time
    witness = Witness(hass, loaded, gateway)
    hass.loop.set_debug(False)  # its tracebacks take four fifths of the time
    memory = Memory(days)
    outcomes: Counter[tuple[str, bool]] = Counter()
    for day in range(days):
        memory.look(day)
        for _minute in range(MINUTES_A_DAY):
            is_calm = next(minutes)
            freezer.tick(timedelta(seconds=60))
            outcomes[await witness.poll(), is_calm] += 1
        calm(gateway, cloud)
        await move(hass, gateway)
        await poll(hass, freezer, 3700)  # a renewal that has just failed is tried again after an hour
        assert loaded.data[CONF_HOST] == gateway.host
        assert loaded.state is ConfigEntryState.LOADED
        assert reauths(hass) == []
        gateway.requests.clear()
        cloud.requests.clear()
    assert {outcome for outcome, is_calm in outcomes if is_calm} <= {"ok", "cloud_unavailable", "renewal_paused"}
    assert outcomes["ok", True] > 0.8 * outcomes.total()
    assert memory.is_flat()
    assert ir.async_get(hass).issues == {}
    assert await hass.config_entries.async_unload(loaded.entry_id)
