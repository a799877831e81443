"""The blueprint "watch gateway" reports an unavailable gateway and flags that are set, once each time."""

from datetime import timedelta

from homeassistant.core import CoreState, ServiceCall, State
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import mock_restore_cache

from tests.automation_harness import AutomationHarness
from tests.blueprints.entities import COMMISSIONING, SHUTDOWN

pytestmark = pytest.mark.usefixtures("all_enabled")
ACTIONS = [{"action": "test.action", "data": {"reason": "{{ reason }}"}}]
UNAVAILABLE = "The gateway is unavailable"

triggered_before_startup = pytest.mark.parametrize(
    ("hours", "number"),
    [([], 1), ([1], 0), ([23], 0), ([25], 1)],
    ids=["never", "1 hour ago", "23 hours ago", "25 hours ago"],
)
"""How many hours before startup the automation was last triggered (or not), and how often it is after startup."""


async def set_up(harness: AutomationHarness) -> list[ServiceCall]:
    """Set up the blueprint; return the calls of its action."""
    calls = harness.record_calls("test.action")
    await harness.set_up_blueprint("watch_gateway", shutdown=SHUTDOWN, flags=[COMMISSIONING], actions=ACTIONS)
    return calls


async def set_up_before_startup(harness: AutomationHarness, hours: list[int]) -> list[ServiceCall]:
    """Set up the blueprint during startup; Home Assistant restores when the automation was last triggered."""
    harness.hass.set_state(CoreState.not_running)
    triggered = [(dt_util.utcnow() - timedelta(hours=ago)).isoformat() for ago in hours]
    mock_restore_cache(harness.hass, [State("automation.one", "on", {"last_triggered": at}) for at in triggered])
    return await set_up(harness)


def reasons(calls: list[ServiceCall]) -> list[str]:
    """Return the reasons that were reported."""
    return [call.data["reason"] for call in calls]


async def test_unavailable(harness: AutomationHarness) -> None:
    """An unavailable gateway is reported once after 15 minutes, and again the next time; zeros are no outage."""
    calls = await set_up(harness)
    harness.gateway.state = "zeros"
    await harness.advance(20)
    harness.gateway.state = "refused"
    await harness.advance(14)
    assert calls == []
    await harness.advance(40)
    assert reasons(calls) == [UNAVAILABLE]
    harness.gateway.state = "up"
    await harness.advance(3)
    harness.gateway.state = "overloaded"
    await harness.advance(40)
    assert reasons(calls) == [UNAVAILABLE] * 2


async def test_unavailable_and_reload(harness: AutomationHarness) -> None:
    """A reload of the entry neither causes a report nor repeats one."""
    calls = await set_up(harness)
    await harness.hass.config_entries.async_reload(harness.entry.entry_id)
    await harness.advance_unloaded(30)
    assert calls == []
    harness.gateway.state = "refused"
    await harness.advance_unloaded(30)
    await harness.hass.config_entries.async_reload(harness.entry.entry_id)
    await harness.advance_unloaded(30)
    assert reasons(calls) == [UNAVAILABLE]


@triggered_before_startup
async def test_unavailable_at_startup(harness: AutomationHarness, hours: list[int], number: int) -> None:
    """A gateway that is unavailable at startup is reported once, unless it was reported within the last day."""
    harness.gateway.state = "refused"
    await harness.hass.config_entries.async_unload(harness.entry.entry_id)
    calls = await set_up_before_startup(harness, hours)
    await harness.hass.config_entries.async_setup(harness.entry.entry_id)
    await harness.finish_startup()
    await harness.advance_unloaded(12)
    assert calls == []
    await harness.advance_unloaded(20)
    assert len(calls) == number
    harness.gateway.state = "up"
    await harness.hass.config_entries.async_reload(harness.entry.entry_id)
    await harness.advance_unloaded(2)
    harness.gateway.state = "refused"
    await harness.advance_unloaded(30)
    assert len(calls) == number + 1


@pytest.mark.parametrize(
    ("key", "name"), [("shutdown", "System shutdown"), ("Commission_in_progress", "Commissioning")]
)
async def test_flags(harness: AutomationHarness, key: str, name: str) -> None:
    """A flag is reported once, even if the gateway is unavailable in the meantime, and again when it is set again."""
    harness.set_charge(50)
    await harness.advance(1)
    calls = await set_up(harness)
    harness.set_charge(50, **{key: True})
    await harness.advance(1)
    assert reasons(calls) == [name]
    harness.gateway.state = "bad_gateway"
    await harness.advance(10)
    harness.gateway.state = "up"
    await harness.advance(5)
    assert reasons(calls) == [name]
    harness.set_charge(50)
    await harness.advance(1)
    harness.set_charge(50, **{key: True})
    await harness.advance(1)
    assert reasons(calls) == [name] * 2


async def test_two_flags_and_unavailable(harness: AutomationHarness) -> None:
    """A flag that stays set doesn't prevent other reports."""
    harness.set_charge(50)
    await harness.advance(1)
    calls = await set_up(harness)
    harness.set_charge(50, shutdown=True)
    await harness.advance(2)
    harness.set_charge(50, shutdown=True, Commission_in_progress=True)
    await harness.advance(2)
    harness.gateway.state = "refused"
    await harness.advance(30)
    assert reasons(calls) == ["System shutdown", "Commissioning", UNAVAILABLE]
    harness.gateway.state = "up"
    await harness.advance(5)
    assert len(calls) == 3


async def test_unknown_flag(harness: AutomationHarness) -> None:
    """An unknown flag counts neither as set nor as an unavailable gateway."""
    calls = await set_up(harness)
    harness.set_charge(50, shutdown=None)
    await harness.advance(40)
    assert harness.hass.states.is_state(SHUTDOWN, "unknown")
    assert calls == []
    harness.set_charge(50)
    await harness.advance(1)
    harness.set_charge(50, shutdown=True)
    await harness.advance(1)
    assert reasons(calls) == ["System shutdown"]
    harness.set_charge(50, shutdown=None)
    await harness.advance(5)
    harness.set_charge(50, shutdown=True)
    await harness.advance(5)
    assert reasons(calls) == ["System shutdown"]


async def test_flag_set_while_unavailable(harness: AutomationHarness) -> None:
    """A flag that is set when the gateway is reachable again is reported."""
    calls = await set_up(harness)
    harness.gateway.state = "refused"
    await harness.advance(30)
    harness.set_charge(50, shutdown=True)
    harness.gateway.state = "up"
    await harness.advance(5)
    assert reasons(calls) == [UNAVAILABLE, "System shutdown"]


@triggered_before_startup
async def test_flag_at_startup(harness: AutomationHarness, hours: list[int], number: int) -> None:
    """A flag that is set at startup is reported, unless it was reported within the last day."""
    await harness.hass.config_entries.async_unload(harness.entry.entry_id)
    harness.set_charge(50, shutdown=True)
    calls = await set_up_before_startup(harness, hours)
    await harness.finish_startup()
    await harness.hass.config_entries.async_setup(harness.entry.entry_id)
    await harness.advance(20)
    assert reasons(calls) == ["System shutdown"] * number
