"""Gentle under failure: slower polls, a report that stands for a while, and one line each way in the log."""

from itertools import pairwise
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.gateway import Gateway, Status
from tests.shown import outlast, poll, states

SECCTRL = "/ivp/ensemble/secctrl"
OURS = "custom_components.enphase_secctrl"


def lines(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return the levels of our lines in the log, from INFO on."""
    return [record.levelno for record in caplog.records if record.name == OURS and record.levelno >= logging.INFO]


async def _polls(hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, seconds: int) -> list[int]:
    """Return in which of the seconds to come the gateway is asked who it is, or for its values."""
    found = []
    for second in range(1, seconds + 1):
        gateway.requests.clear()
        await poll(hass, freezer, 1)
        found += [second] if gateway.requests else []
    return found


async def test_slower_and_back(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """After failures the interval doubles up to a minute; the first success ends that."""
    gateway.answer("*", Status(502))
    found = await _polls(hass, gateway, freezer, 250)
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert gaps[:4] == pytest.approx([20, 40, 60, 60], abs=1)
    gateway.clear()
    await poll(hass, freezer, 61)
    found = await _polls(hass, gateway, freezer, 35)
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert gaps[:2] == pytest.approx([10, 10], abs=1)


@pytest.mark.parametrize(("retry_after", "wait"), [(0, 10), (5, 10), (90, 90), (5000, 600)])
async def test_retry_after(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    retry_after: int,
    wait: int,
) -> None:
    """A gateway that asks to be left alone is, for ten minutes at most and one interval at least."""
    gateway.answer(SECCTRL, Status(503, retry_after=retry_after))
    await poll(hass, freezer)
    gateway.clear()
    gateway.requests.clear()
    await poll(hass, freezer, wait - 2)
    assert gateway.requests == []
    await poll(hass, freezer, 4)
    assert [request.path for request in gateway.requests] == ["/info", SECCTRL]


async def test_one_failure_is_none(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One failed poll changes no state."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    gateway.answer(SECCTRL, Status(502), times=1)
    await poll(hass, freezer)
    await poll(hass, freezer, 21)
    assert changes == []
    assert lines(caplog) == [logging.ERROR, logging.INFO]


async def test_unavailable_once(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After three polls and a minute the values are gone, once; the log has one line, and one when they are back."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    gateway.state = "refused"
    await poll(hass, freezer)
    await poll(hass, freezer, 21)
    assert changes == []
    for _ in range(4):
        await outlast(hass, freezer)
    assert set(states(hass, loaded).values()) == {STATE_UNAVAILABLE}
    assert len(changes) == len(states(hass, loaded))
    assert lines(caplog) == [logging.ERROR]
    gateway.state = "up"
    gateway.payload["agg_soc"] = 99
    await poll(hass, freezer, 61)
    assert states(hass, loaded)["agg_soc"] == "99"
    assert lines(caplog) == [logging.ERROR, logging.INFO]


async def test_refusal_in_an_outage(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A refused token ends the polling, so the last report ends with it."""
    gateway.answer(SECCTRL, Status(502), times=1)
    await poll(hass, freezer)
    gateway.revoke(loaded.data["token"])
    await poll(hass, freezer, 21)
    assert set(states(hass, loaded).values()) == {STATE_UNAVAILABLE}


@pytest.mark.parametrize("interval", [300])
async def test_long_interval(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, interval: int
) -> None:
    """A long interval stays as it is, and three polls are longer than a minute."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"scan_interval": interval})
    await hass.config_entries.async_setup(entry.entry_id)
    gateway.state = "bad_gateway"
    for _ in range(2):
        await poll(hass, freezer, interval + 1)
    assert states(hass, entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    await poll(hass, freezer, interval + 1)
    assert states(hass, entry)["agg_soc"] == STATE_UNAVAILABLE
    assert len(gateway.requests) == 2 + 3
