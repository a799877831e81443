"""Long periods in virtual time, with random faults. CI runs a month instead of a day (DAYS=30)."""

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
    CONF_SCAN_INTERVAL,
    CONF_TOKEN,
    CONF_USERNAME,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_CLOUD
from tests.emulator import Body, Chunked, Cloud, EarlyClose, Garbage, Gateway, Reset, Status, Truncated
from tests.emulator.tokens import LIFETIMES
from tests.entity_states import entity_states, entity_values, values_match
from tests.flow_manager import discover, reauth_flows
from tests.issues import issue_keys
from tests.oracle import Expected, expected
from tests.polling import poll

DAYS = int(os.environ.get("DAYS", "1"))
MINUTES_PER_DAY = 24 * 60
FAULT_PROBABILITY = 0.03
"""Per minute."""

SECCTRL = "/ivp/ensemble/secctrl"

type InjectFault = Callable[[Gateway, Cloud], object]

FAULTS: dict[str, InjectFault] = {
    "502": lambda gateway, _: gateway.inject("*", Status(502)),
    "503": lambda gateway, _: gateway.inject("*", Status(503, retry_after=30)),
    "504 of the token check": lambda gateway, _: gateway.inject("/auth/check_jwt", Status(504)),
    "reset": lambda gateway, _: gateway.inject("*", Reset()),
    "early close": lambda gateway, _: gateway.inject(SECCTRL, EarlyClose()),
    "garbage": lambda gateway, _: gateway.inject("*", Garbage()),
    "truncated": lambda gateway, _: gateway.inject(SECCTRL, Truncated(100)),
    "chunked": lambda gateway, _: gateway.inject(SECCTRL, Chunked()),
    "HTML": lambda gateway, _: gateway.inject(SECCTRL, Body(b"<html></html>")),
    "different gateway": lambda gateway, _: setattr(gateway, "serial", "122300000009"),
    "/info is HTML": lambda gateway, _: gateway.inject("/info", Body(b"<html></html>")),
    "refused": lambda gateway, _: setattr(gateway, "state", "refused"),
    "bad gateway": lambda gateway, _: setattr(gateway, "state", "bad_gateway"),
    "zeros": lambda gateway, _: setattr(gateway, "state", "zeros"),
    "overloaded": lambda gateway, _: setattr(gateway, "state", "overloaded"),
    "sessions lost": lambda gateway, _: gateway.clear_sessions(),
    "new certificate": lambda gateway, _: gateway.replace_certificate(),
    "firmware update": lambda gateway, _: setattr(gateway, "firmware", "8.2.4399"),
    "cloud unavailable": lambda _, cloud: cloud.inject("*", Status(503)),
    "invalid values": lambda gateway, _: setattr(gateway, "body", _with_invalid_values(gateway)),
}


def _with_invalid_values(gateway: Gateway) -> bytes:
    return json.dumps(gateway.payload | {"agg_soc": "12", "VLS_Limit": None}).encode()


def end_faults(gateway: Gateway, cloud: Cloud) -> None:
    """End all faults."""
    gateway.clear_faults()
    cloud.clear_faults()
    gateway.body = None
    gateway.serial = "122300000001"
    gateway.state = "up"


@pytest.fixture
def role() -> str:
    """The role of the account: owners' tokens are valid for a year, installers' for 12 hours."""
    return "owner"


@pytest.fixture
def entry(gateway: Gateway, cloud: Cloud, role: str) -> MockConfigEntry:
    """An entry with an account, for a gateway whose batteries are charged and discharged."""
    cloud.add_account("owner@example.com", "secret", role=role)
    gateway.scenario = "day"
    return MockConfigEntry(
        domain=DOMAIN,
        unique_id=gateway.serial,
        data={
            CONF_HOST: gateway.host,
            CONF_SIGN_IN: SIGN_IN_CLOUD,
            CONF_TOKEN: gateway.token(role=role, lifetime=LIFETIMES[role]),
            CONF_USERNAME: "owner@example.com",
            CONF_PASSWORD: "secret",
        },
        options={CONF_SCAN_INTERVAL: 60},
    )


class MemoryUsage:
    """The number of objects each day, and the bytes that the integration has allocated in the last days."""

    def __init__(self, days: int) -> None:
        """Take the number of days; tracing allocations takes twice as long, so only the last ones are traced."""
        self._first_traced_day = days - 4
        self._objects: list[int] = []
        self._bytes: list[int] = []

    def record(self, day: int) -> None:
        """Record the usage before a day begins."""
        gc.collect()
        self._objects.append(len(gc.get_objects()))
        if day == self._first_traced_day:
            tracemalloc.start()
        if tracemalloc.is_tracing():
            own = tracemalloc.Filter(inclusive=True, filename_pattern="*/enphase_secctrl/*")
            statistics = tracemalloc.take_snapshot().filter_traces([own]).statistics("filename")
            self._bytes.append(sum(statistic.size for statistic in statistics))

    def is_constant(self) -> bool:
        """Stop tracing; return whether a day adds few objects (the test harness records calls) and no bytes."""
        tracemalloc.stop()
        objects, traced = self._objects[1:] or [0], self._bytes[1:] or [0]
        return objects[-1] - objects[0] <= 200 * len(objects) and traced[-1] - traced[0] <= 10_000 * len(traced)


class StateChecker:
    """Polls, and checks that the entities show the last payload that was read, or are unavailable."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> None:
        """Start with the payload that setup has read."""
        self._hass = hass
        self._entry = entry
        self._gateway = gateway
        self._last: dict[str, Expected] = expected(json.loads(gateway.secctrl_body()))

    async def poll(self) -> str:
        """Poll once and check the entities; return "ok" or the translation key of the error."""
        current = expected(json.loads(self._gateway.secctrl_body()))
        coordinator = self._entry.runtime_data
        await coordinator.async_refresh()
        self._last = current if coordinator.last_update_success else self._last
        values = entity_values(self._hass, self._entry)
        unavailable = dict.fromkeys(values, STATE_UNAVAILABLE)
        assert values == unavailable or values_match(values, {key: self._last.get(key) for key in values})
        return str(coordinator.availability.polls[-1]["outcome"])


async def change_address(hass: HomeAssistant, gateway: Gateway) -> None:
    """Move the gateway to a different address, where it is discovered."""
    await gateway.stop()
    await gateway.start()
    await discover(hass, gateway)
    await hass.async_block_till_done()


def random_faults(generator: random.Random, gateway: Gateway, cloud: Cloud) -> Iterator[bool]:
    """Inject two faults at random times and end them some minutes later; yield each minute whether there are none."""
    while True:
        if generator.random() < FAULT_PROBABILITY:
            for name in generator.sample(sorted(FAULTS), 2):
                FAULTS[name](gateway, cloud)
            for _ in range(generator.randint(1, 8)):
                yield False
            end_faults(gateway, cloud)
        yield True


@pytest.fixture
def no_logging() -> Iterator[None]:
    """Disable logging: pytest would keep every message, and every exception with it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("no_logging")
@pytest.mark.parametrize(("role", "days"), [("installer", DAYS)])
async def test_every_poll(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    days: int,
) -> None:
    """No state is ever wrong, no reauth flow starts, and the memory usage is constant."""
    minutes = random_faults(random.Random(1), gateway, cloud)  # noqa: S311 - the same faults in each run
    checker = StateChecker(hass, loaded_entry, gateway)
    hass.loop.set_debug(False)  # its tracebacks take four fifths of the time
    memory = MemoryUsage(days)
    outcomes: Counter[tuple[str, bool]] = Counter()
    for day in range(days):
        memory.record(day)
        for _minute in range(MINUTES_PER_DAY):
            is_calm = next(minutes)
            freezer.tick(timedelta(seconds=60))
            outcomes[await checker.poll(), is_calm] += 1
        end_faults(gateway, cloud)
        await change_address(hass, gateway)
        await poll(hass, freezer, 3700)  # a renewal that has just failed is retried after an hour
        assert loaded_entry.data[CONF_HOST] == gateway.host
        assert loaded_entry.state is ConfigEntryState.LOADED
        assert reauth_flows(hass) == []
        gateway.requests.clear()
        cloud.requests.clear()
    assert {outcome for outcome, is_calm in outcomes if is_calm} <= {"ok", "cloud_unavailable", "renewal_paused"}
    assert outcomes["ok", True] > 0.8 * outcomes.total()
    assert memory.is_constant()
    assert issue_keys(hass) == []
    assert await hass.config_entries.async_unload(loaded_entry.entry_id)


async def test_recovery(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """After each of many faults the values are back within two minutes, and no reauth flow starts."""
    generator = random.Random(1)  # noqa: S311 - the same faults in each run
    hass.loop.set_debug(False)
    for _ in range(12 * 24):
        FAULTS[generator.choice(sorted(FAULTS))](gateway, cloud)
        for _ in range(generator.randint(1, 3)):
            await poll(hass, freezer, 61)
        end_faults(gateway, cloud)
        await poll(hass, freezer, 121)
        assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert reauth_flows(hass) == []
    assert cloud.requests == []
