"""The blueprint "reserve reached": it triggers once each time, and never because a value is missing."""

from homeassistant.core import CoreState, ServiceCall
from homeassistant.helpers import device_registry as dr
import pytest

from tests.automation_harness import AutomationHarness
from tests.blueprints.entities import CHARGE, all_values_missing, one_value_missing
from tests.emulator import OperatingState

BLUEPRINT = "reserve_reached"
ACTIONS = [{"action": "test.action", "data": {"text": "{{ charge }} / {{ reserve }} / {{ energy_above_reserve }}"}}]


async def set_up(harness: AutomationHarness, **inputs: object) -> list[ServiceCall]:
    """Set up the blueprint; return the calls of its action."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(harness.hass), harness.entry.entry_id)
    calls = harness.record_calls("test.action")
    await harness.set_up_blueprint(BLUEPRINT, gateway=device.id, actions=ACTIONS, **inputs)
    return calls


@pytest.fixture
async def calls(harness: AutomationHarness) -> list[ServiceCall]:
    """The calls of the automation, which is set up while the batteries are far above the reserve."""
    harness.set_charge(50)
    await harness.advance(1)
    return await set_up(harness)


@pytest.mark.parametrize(
    ("soc", "reserve", "expected"), [(20, 20, 1), (15, 20, 1), (21, 20, 0), (5, 0, 0), (0, 0, 1), (50, 100, 0)]
)
async def test_trigger_level(
    harness: AutomationHarness, calls: list[ServiceCall], soc: int, reserve: int, expected: int
) -> None:
    """It triggers once, after 5 minutes at the reserve; not because the reserve was raised."""
    harness.set_charge(soc, reserve)
    await harness.advance(4)
    assert calls == []
    await harness.advance(30)
    assert len(calls) == expected


async def test_variables(harness: AutomationHarness, calls: list[ServiceCall]) -> None:
    """The actions know charge, reserve, and the energy above the reserve."""
    harness.set_charge(20)
    await harness.advance(6)
    assert [call.data["text"] for call in calls] == ["20 / 20 / 0.0"]


async def test_repeated(harness: AutomationHarness, calls: list[ServiceCall]) -> None:
    """The action runs again only after the batteries have been charged in between."""
    for soc, expected in ((20, 1), (24, 1), (20, 1), (26, 1), (20, 2), (60, 2), (19, 3)):
        harness.set_charge(soc)
        await harness.advance(8)
        assert len(calls) == expected, soc


async def test_repeated_with_high_reserve(harness: AutomationHarness, calls: list[ServiceCall]) -> None:
    """Full batteries count as charged if the reserve is so high that the usual rise is impossible."""
    for soc, expected in ((100, 0), (98, 1), (99, 1), (98, 1), (100, 1), (98, 2)):
        harness.set_charge(soc, 98)
        await harness.advance(8)
        assert len(calls) == expected, soc


@pytest.mark.parametrize(("duration", "expected"), [(0, 1), (2, 1), (4, 0)])
async def test_duration(harness: AutomationHarness, duration: int, expected: int) -> None:
    """The duration is an input."""
    harness.set_charge(50)
    await harness.advance(1)
    calls = await set_up(harness, duration={"minutes": duration})
    harness.set_charge(20)
    await harness.advance(3)
    assert len(calls) == expected


async def test_short_interruptions(harness: AutomationHarness, calls: list[ServiceCall]) -> None:
    """A charge that is low for less than 5 minutes doesn't trigger."""
    for soc in (20, 40, 20, 40):
        harness.set_charge(soc)
        await harness.advance(3)
    assert calls == []


@all_values_missing
async def test_all_values_missing(
    harness: AutomationHarness, calls: list[ServiceCall], gateway_state: OperatingState, entity_state: str
) -> None:
    """Missing values aren't zeros, and what happens in an outage isn't known; after it, the next time triggers."""
    harness.gateway.state = gateway_state
    await harness.advance(20)
    assert harness.hass.states.is_state(CHARGE, entity_state)
    assert calls == []
    harness.set_charge(20)
    harness.gateway.state = "up"
    await harness.advance(10)
    assert calls == []
    for soc, expected in ((60, 0), (20, 1)):
        harness.set_charge(soc)
        await harness.advance(10)
        assert len(calls) == expected
    harness.gateway.state = gateway_state
    await harness.advance(20)
    harness.gateway.state = "up"
    await harness.advance(20)
    assert len(calls) == 1


@one_value_missing
async def test_one_value_missing(harness: AutomationHarness, calls: list[ServiceCall], key: str, entity: str) -> None:
    """The blueprint doesn't trigger while one of its two values is unknown, nor when it is known again."""
    harness.set_charge(15, **{key: None})
    await harness.advance(20)
    assert harness.hass.states.is_state(entity, "unknown")
    assert calls == []
    for soc, expected in ((15, 0), (60, 0), (15, 1)):
        harness.set_charge(soc)
        await harness.advance(10)
        assert len(calls) == expected, soc


async def test_reload(harness: AutomationHarness, calls: list[ServiceCall]) -> None:
    """A reload of the entry doesn't cause a second trigger."""
    harness.set_charge(20)
    await harness.advance(8)
    await harness.hass.config_entries.async_reload(harness.entry.entry_id)
    await harness.advance(20)
    assert len(calls) == 1


async def start_home_assistant(harness: AutomationHarness) -> list[ServiceCall]:
    """Start Home Assistant with the automation, advance by ten minutes, and return the calls of its action."""
    harness.hass.set_state(CoreState.not_running)
    calls = await set_up(harness)
    await harness.finish_startup()
    await harness.advance(10)
    return calls


async def test_reserve_reached_at_startup(harness: AutomationHarness) -> None:
    """A reserve that is already reached at startup doesn't trigger, not even after an outage; the next one does."""
    harness.set_charge(20)
    await harness.advance(1)
    calls = await start_home_assistant(harness)
    harness.gateway.state = "refused"
    await harness.advance(10)
    harness.gateway.state = "up"
    await harness.advance(10)
    assert calls == []
    harness.set_charge(60)
    await harness.advance(2)
    harness.set_charge(20)
    await harness.advance(8)
    assert len(calls) == 1


async def test_reserve_reached_after_startup(harness: AutomationHarness) -> None:
    """A reserve that is reached after startup triggers, even if the charge was only just above it before."""
    harness.set_charge(22)
    await harness.advance(1)
    calls = await start_home_assistant(harness)
    assert calls == []
    harness.set_charge(20)
    await harness.advance(8)
    assert len(calls) == 1


async def test_gateway_unreachable_at_startup(harness: AutomationHarness) -> None:
    """The first values after startup don't trigger, even if they come late; the next low charge does."""
    harness.gateway.state = "refused"
    await harness.advance(5)
    calls = await start_home_assistant(harness)
    harness.gateway.state = "up"
    for soc, expected in ((20, 0), (60, 0), (20, 1)):
        harness.set_charge(soc)
        await harness.advance(10)
        assert len(calls) == expected, soc
