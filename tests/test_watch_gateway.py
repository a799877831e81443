"""The blueprint that watches the gateway tells of silence and of flags, once each time."""

from datetime import timedelta

from homeassistant.core import CoreState, ServiceCall, State
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import mock_restore_cache

from tests.automations import COMMISSIONING, SHUTDOWN, House

pytestmark = pytest.mark.usefixtures("all_enabled")
TELL = [{"action": "test.tell", "data": {"reason": "{{ reason }}"}}]
SILENT = "The gateway is silent"

told_before = pytest.mark.parametrize(
    ("hours", "number"), [([], 1), ([1], 0), ([23], 0), ([25], 1)], ids=["never", "an hour", "nearly a day", "a day"]
)
"""When the automation last ran before a start, and how often it tells then."""


async def watches(house: House) -> list[ServiceCall]:
    """Use the blueprint; return what it does."""
    calls = house.calls("test.tell")
    await house.use_blueprint("watch_gateway", shutdown=SHUTDOWN, flags=[COMMISSIONING], act=TELL)
    return calls


async def watches_from_a_start(house: House, hours: list[int]) -> list[ServiceCall]:
    """Begin a start of Home Assistant, which remembers when the automation last ran."""
    house.hass.set_state(CoreState.not_running)
    ran = [(dt_util.utcnow() - timedelta(hours=ago)).isoformat() for ago in hours]
    mock_restore_cache(house.hass, [State("automation.one", "on", {"last_triggered": at}) for at in ran])
    return await watches(house)


def reasons(calls: list[ServiceCall]) -> list[str]:
    """Return why it told."""
    return [call.data["reason"] for call in calls]


async def test_silence(house: House) -> None:
    """A silent gateway is told once, after the time, and again the next time; zeros of a restart are no silence."""
    calls = await watches(house)
    house.gateway.state = "zeros"
    await house.minutes(20)
    house.gateway.state = "refused"
    await house.minutes(14)
    assert calls == []
    await house.minutes(40)
    assert reasons(calls) == [SILENT]
    house.gateway.state = "up"
    await house.minutes(3)
    house.gateway.state = "overloaded"
    await house.minutes(40)
    assert reasons(calls) == [SILENT] * 2


async def test_silence_and_a_reload(house: House) -> None:
    """A reload tells nothing, and nothing again."""
    calls = await watches(house)
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.minutes_of_retries(30)
    assert calls == []
    house.gateway.state = "refused"
    await house.minutes_of_retries(30)
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.minutes_of_retries(30)
    assert reasons(calls) == [SILENT]


@told_before
async def test_silence_at_a_start(house: House, hours: list[int], number: int) -> None:
    """A gateway that is silent at a start is told once after the time, unless it was told in the last day."""
    house.gateway.state = "refused"
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    calls = await watches_from_a_start(house, hours)
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.start()
    await house.minutes_of_retries(12)
    assert calls == []
    await house.minutes_of_retries(20)
    assert len(calls) == number
    house.gateway.state = "up"
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.minutes_of_retries(2)
    house.gateway.state = "refused"
    await house.minutes_of_retries(30)
    assert len(calls) == number + 1


@pytest.mark.parametrize(("key", "name"), [("shutdown", "Shutdown"), ("Commission_in_progress", "Commissioning")])
async def test_flags(house: House, key: str, name: str) -> None:
    """A raised flag is told once, also when the gateway is away meanwhile, and again when it is raised again."""
    house.says(50)
    await house.minutes(1)
    calls = await watches(house)
    house.says(50, **{key: True})
    await house.minutes(1)
    assert reasons(calls) == [name]
    house.gateway.state = "bad_gateway"
    await house.minutes(10)
    house.gateway.state = "up"
    await house.minutes(5)
    assert reasons(calls) == [name]
    house.says(50)
    await house.minutes(1)
    house.says(50, **{key: True})
    await house.minutes(1)
    assert reasons(calls) == [name] * 2


async def test_two_flags_and_silence(house: House) -> None:
    """A flag that stays up keeps nothing else from being told."""
    house.says(50)
    await house.minutes(1)
    calls = await watches(house)
    house.says(50, shutdown=True)
    await house.minutes(2)
    house.says(50, shutdown=True, Commission_in_progress=True)
    await house.minutes(2)
    house.gateway.state = "refused"
    await house.minutes(30)
    assert reasons(calls) == ["Shutdown", "Commissioning", SILENT]
    house.gateway.state = "up"
    await house.minutes(5)
    assert len(calls) == 3


async def test_an_unknown_flag(house: House) -> None:
    """A flag that the gateway does not tell is neither raised nor silence."""
    calls = await watches(house)
    house.says(50, shutdown=None)
    await house.minutes(40)
    assert house.hass.states.is_state(SHUTDOWN, "unknown")
    assert calls == []
    house.says(50)
    await house.minutes(1)
    house.says(50, shutdown=True)
    await house.minutes(1)
    assert reasons(calls) == ["Shutdown"]
    house.says(50, shutdown=None)
    await house.minutes(5)
    house.says(50, shutdown=True)
    await house.minutes(5)
    assert reasons(calls) == ["Shutdown"]


async def test_a_flag_raised_in_silence(house: House) -> None:
    """A flag that is up when the gateway comes back is news."""
    calls = await watches(house)
    house.gateway.state = "refused"
    await house.minutes(30)
    house.says(50, shutdown=True)
    house.gateway.state = "up"
    await house.minutes(5)
    assert reasons(calls) == [SILENT, "Shutdown"]


@told_before
async def test_a_flag_at_a_start(house: House, hours: list[int], number: int) -> None:
    """A flag that is up at a start is told, unless that was done in the last day."""
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.says(50, shutdown=True)
    calls = await watches_from_a_start(house, hours)
    await house.start()
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.minutes(20)
    assert reasons(calls) == ["Shutdown"] * number
