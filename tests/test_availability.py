"""Availability: intervals after failed polls, when the entities become unavailable, and what is logged."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.enphase_secctrl.const import DOMAIN
from tests.conftest import SetUp
from tests.emulator import Gateway, Status
from tests.entity_states import entity_states
from tests.logs import LOGGER_NAME, log_levels
from tests.polling import fail_until_unavailable, poll

SECCTRL = "/ivp/ensemble/secctrl"


@pytest.fixture
def clock(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """A clock that is frozen at a whole second: Home Assistant rounds the time of the next poll to seconds."""
    freezer.move_to(datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1))
    return freezer


async def is_polled(hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory) -> bool:
    """Advance by a second; return whether the gateway has received a request."""
    gateway.requests.clear()
    await poll(hass, freezer, 1)
    return bool(gateway.requests)


async def poll_intervals(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, seconds: int
) -> list[int]:
    """Advance by this time; return the seconds between the polls."""
    polls = [second for second in range(seconds) if await is_polled(hass, gateway, freezer)]
    return [later - earlier for earlier, later in pairwise(polls)]


async def set_up_with_interval(hass: HomeAssistant, entry: MockConfigEntry, interval: int) -> None:
    """Set up the entry with an update interval, in seconds."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"scan_interval": interval})
    await hass.config_entries.async_setup(entry.entry_id)


@pytest.mark.parametrize(
    ("interval", "failing", "working"),
    [
        (5, [10, 20, 40, 60, 60], [5, 5]),
        (10, [20, 40, 60, 60], [10, 10]),
        (40, [60, 60], [40, 40]),
        (61, [61, 61], [61, 61]),
        (120, [120, 120], [120, 120]),
    ],
)
async def test_intervals(
    hass: HomeAssistant,
    gateway: Gateway,
    clock: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    interval: int,
    failing: list[int],
    working: list[int],
) -> None:
    """Failed polls double the interval up to 60 s, and don't change a longer one; a successful poll restores it."""
    await set_up_with_interval(hass, entry, interval)
    gateway.inject("*", Status(502))
    assert await poll_intervals(hass, gateway, clock, interval + sum(failing) + 1) == failing
    gateway.clear_faults()
    await poll(hass, clock, failing[-1])
    assert await poll_intervals(hass, gateway, clock, interval + sum(working) + 1) == working


@pytest.mark.parametrize(("interval", "seconds"), [(5, 75), (8, 116), (10, 70), (30, 150)])
async def test_last_report_expires(
    hass: HomeAssistant,
    gateway: Gateway,
    clock: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    interval: int,
    seconds: int,
) -> None:
    """The entities become unavailable when three polls in a row have failed and the last report is a minute old."""
    await set_up_with_interval(hass, entry, interval)
    for _ in range(100 // interval):
        await poll(hass, clock, interval)
    gateway.state = "bad_gateway"
    found = []
    for _ in range(seconds):
        await poll(hass, clock, 1)
        found.append(entity_states(hass, entry)["agg_soc"])
    assert found.index(STATE_UNAVAILABLE) + 1 == seconds
    gateway.state = "up"
    await poll(hass, clock, 61)
    assert entity_states(hass, entry)["agg_soc"] == str(gateway.payload["agg_soc"])


@pytest.mark.parametrize(("retry_after", "delay"), [(0, 10), (5, 10), (90, 90), (5000, 600)])
async def test_retry_after(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    retry_after: int,
    delay: int,
) -> None:
    """The next poll is delayed as Retry-After requests: by at least one interval and at most ten minutes."""
    gateway.inject(SECCTRL, Status(503, retry_after=retry_after))
    await poll(hass, freezer)
    gateway.clear_faults()
    gateway.requests.clear()
    await poll(hass, freezer, delay - 2)
    assert gateway.requests == []
    await poll(hass, freezer, 4)
    assert [request.path for request in gateway.requests] == ["/info", SECCTRL]


async def test_single_failure(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A single failed poll changes no state."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    gateway.inject(SECCTRL, Status(502), times=1)
    await poll(hass, freezer)
    await poll(hass, freezer, 21)
    assert changes == []
    assert log_levels(caplog) == [logging.ERROR, logging.INFO]


async def test_becomes_unavailable(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After three failed polls and a minute, the entities become unavailable; this and the recovery are logged once."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    gateway.state = "refused"
    await poll(hass, freezer)
    await poll(hass, freezer, 21)
    assert changes == []
    for _ in range(4):
        await fail_until_unavailable(hass, freezer)
    assert set(entity_states(hass, loaded_entry).values()) == {STATE_UNAVAILABLE}
    assert len(changes) == len(entity_states(hass, loaded_entry))
    assert log_levels(caplog) == [logging.ERROR]
    gateway.state = "up"
    gateway.payload["agg_soc"] = 99
    await poll(hass, freezer, 61)
    assert entity_states(hass, loaded_entry)["agg_soc"] == "99"
    assert log_levels(caplog) == [logging.ERROR, logging.INFO]


async def test_rejected_token_during_outage(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """The rejection of an expired token makes the entities unavailable at once, even after other failed polls."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "token": gateway.token(lifetime=25)})
    await set_up()
    gateway.inject(SECCTRL, Status(502), times=1)
    await poll(hass, freezer)
    gateway.clear_sessions()
    await poll(hass, freezer, 21)
    assert set(entity_states(hass, entry).values()) == {STATE_UNAVAILABLE}


async def test_long_interval(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """With the longest interval, too, the entities become unavailable after three failed polls."""
    await set_up_with_interval(hass, entry, 300)
    gateway.state = "bad_gateway"
    for _ in range(2):
        await poll(hass, freezer, 301)
    assert entity_states(hass, entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    await poll(hass, freezer, 301)
    assert entity_states(hass, entry)["agg_soc"] == STATE_UNAVAILABLE


@pytest.mark.parametrize("interval", [10, 60, 300])
async def test_alternating_errors(
    hass: HomeAssistant,
    gateway: Gateway,
    clock: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    interval: int,
) -> None:
    """A gateway that fails in every other poll is logged when that begins and when it ends."""
    await set_up_with_interval(hass, entry, interval)
    hass.loop.set_debug(False)
    for _ in range(100):
        gateway.inject(SECCTRL, Status(502), times=1)
        await poll(hass, clock, interval)
        gateway.clear_faults()
        await poll(hass, clock, max(60, interval) + 1)
        assert entity_states(hass, entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert log_levels(caplog) == [logging.ERROR, logging.INFO, logging.WARNING]
    for _ in range(900 // interval + 2):
        await poll(hass, clock, interval + 1)
    assert log_levels(caplog) == [logging.ERROR, logging.INFO, logging.WARNING, logging.INFO]
    assert caplog.messages.count("IQ Gateway is stable again") == 1


async def test_outage_of_an_unstable_gateway(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If the entities of an unstable gateway become unavailable, this and the recovery are logged once."""
    for _ in range(3):
        gateway.inject(SECCTRL, Status(502), times=1)
        await poll(hass, freezer)
        await poll(hass, freezer, 21)
    caplog.clear()
    gateway.state = "refused"
    for _ in range(4):
        await fail_until_unavailable(hass, freezer)
    assert set(entity_states(hass, loaded_entry).values()) == {STATE_UNAVAILABLE}
    assert log_levels(caplog) == [logging.ERROR]
    gateway.state = "up"
    await poll(hass, freezer, 61)
    assert log_levels(caplog) == [logging.ERROR, logging.INFO]


async def test_names_in_the_log(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With several gateways the log names one by the title of its entry, without the serial number."""
    second = MockConfigEntry(domain=DOMAIN, title="Garage", unique_id="122300000002", data={"host": "127.0.0.1:1"})
    gateway.state = "refused"
    await poll(hass, freezer)
    assert "IQ Gateway data" in caplog.text
    gateway.state = "up"
    await poll(hass, freezer, 21)
    second.add_to_hass(hass)
    for title, name in ((loaded_entry.title, "IQ Gateway (1 of 2)"), (f"House {gateway.serial}", "House (1 of 2)")):
        hass.config_entries.async_update_entry(loaded_entry, title=title)
        await poll(hass, freezer, 700)
        caplog.clear()
        gateway.state = "refused"
        await poll(hass, freezer)
        gateway.state = "up"
        await poll(hass, freezer, 21)
        messages = [record.getMessage() for record in caplog.records if record.name == LOGGER_NAME]
        assert sum(f"Error fetching {name} data" in message for message in messages) == 1
        assert not any(gateway.serial in message or gateway.host in message for message in messages)


@pytest.mark.parametrize(
    ("stored", "interval"),
    [(-5, 5), (0, 5), (4.9, 5), (7.5, 7.5), (301, 300), (1e9, 300), ("60", 10), (None, 10), (True, 10)],
)
async def test_stored_interval(
    hass: HomeAssistant,
    gateway: Gateway,
    clock: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    stored: object,
    interval: float,
) -> None:
    """A stored interval that is out of bounds is limited; the default is used if it isn't a number."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"scan_interval": stored})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.runtime_data.update_interval == timedelta(seconds=interval)
    gateway.requests.clear()
    await poll(hass, clock, interval - 1.5)
    assert gateway.requests == []
    await poll(hass, clock, 2.5)
    assert len(gateway.requests) == 1
