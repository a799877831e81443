"""The blueprint "use surplus" switches a load at two levels of charge, and off while the values are missing."""

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import CoreState, Event, EventStateChangedData, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
import pytest

from tests.automation_harness import AutomationHarness, run_ready_tasks
from tests.blueprints.entities import CHARGE, all_values_missing
from tests.emulator import OperatingState

BLUEPRINT = "use_surplus"
LOAD = "input_boolean.load"
INPUTS = {"charge": CHARGE, "load": LOAD}

levels = pytest.mark.parametrize(
    ("soc", "reserve", "load", "expected"),
    [
        (90, 20, "off", ["on"]),
        (89, 20, "off", []),
        (89, 20, "on", []),
        (71, 20, "on", []),
        (70, 20, "on", ["off"]),
        (70, 20, "off", []),
        (100, 20, "on", []),
        # With a high reserve, the energy above it decides: 1 kWh (10%) to turn on, less than 0.5 kWh (5%) to turn off
        (90, 80, "off", ["on"]),
        (90, 81, "off", []),
        (85, 80, "on", []),
        (84, 80, "on", ["off"]),
        (100, 90, "off", ["on"]),
        # A reserve too high for any surplus
        (100, 91, "off", []),
        (100, 100, "on", ["off"]),
        (0, 0, "on", ["off"]),
    ],
    ids=str,
)


@pytest.fixture(autouse=True)
async def _load(harness: AutomationHarness) -> None:
    """A load: an input_boolean."""
    assert await async_setup_component(harness.hass, "homeassistant", {})
    assert await async_setup_component(harness.hass, "input_boolean", {"input_boolean": {"load": {}}})


def record_load_states(harness: AutomationHarness) -> list[str]:
    """Return a list to which each new state of the load will be appended."""
    load_states: list[str] = []

    @callback
    def append(event: Event[EventStateChangedData]) -> None:
        load_states.append(str(event.data["new_state"] and event.data["new_state"].state))

    async_track_state_change_event(harness.hass, LOAD, append)
    return load_states


async def switch_load(harness: AutomationHarness, state: str) -> None:
    """Switch the load as a user would."""
    await harness.hass.services.async_call("input_boolean", f"turn_{state}", {"entity_id": LOAD}, blocking=True)


async def set_up_at_charge(harness: AutomationHarness, soc: float, load: str = "off", **inputs: object) -> list[str]:
    """Set up the blueprint with this charge (%) and state of the load; return a list that records the load's states."""
    harness.set_charge(soc)
    await harness.advance(1)
    await switch_load(harness, load)
    load_states = record_load_states(harness)
    await harness.set_up_blueprint(BLUEPRINT, **INPUTS, **inputs)
    return load_states


@levels
async def test_levels(harness: AutomationHarness, soc: int, reserve: int, load: str, expected: list[str]) -> None:
    """The load is switched once when a level is reached."""
    load_states = await set_up_at_charge(harness, 80, load)
    harness.set_charge(soc, reserve)
    await harness.advance(3)
    assert load_states == expected


@levels
async def test_levels_at_startup(
    harness: AutomationHarness, soc: int, reserve: int, load: str, expected: list[str]
) -> None:
    """A level that was reached before startup switches the load too."""
    harness.set_charge(soc, reserve)
    await harness.advance(1)
    await switch_load(harness, load)
    load_states = record_load_states(harness)
    harness.hass.set_state(CoreState.not_running)
    await harness.set_up_blueprint(BLUEPRINT, **INPUTS)
    await harness.advance(3)
    assert load_states == []
    await harness.finish_startup()
    await harness.advance(3)
    assert load_states == expected


async def test_off_level_above_on_level(harness: AutomationHarness) -> None:
    """With the levels in the wrong order, the higher one switches off, and the load isn't switched repeatedly."""
    load_states = await set_up_at_charge(harness, 60, "on", on_level=40, off_level=60)
    await harness.advance(5)
    assert load_states == ["off"]


@all_values_missing
async def test_all_values_missing(harness: AutomationHarness, gateway_state: OperatingState, entity_state: str) -> None:
    """Without values, the load is switched off after 15 minutes, and on again when the values are back."""
    load_states = await set_up_at_charge(harness, 95)
    await harness.advance(2)
    assert load_states == ["on"]
    harness.gateway.state = gateway_state
    await harness.advance(14)
    assert harness.hass.states.is_state(CHARGE, entity_state)
    assert load_states == ["on"]
    await harness.advance(5)
    assert load_states == ["on", "off"]
    await harness.advance(30)
    harness.gateway.state = "up"
    await harness.advance(2)
    assert load_states == ["on", "off", "on"]


async def test_different_outages_in_a_row(harness: AutomationHarness) -> None:
    """Changes between unavailable and unknown don't restart the 15 minutes."""
    load_states = await set_up_at_charge(harness, 95)
    await harness.advance(1)
    gateway_states: list[OperatingState] = ["refused", "zeros", "refused", "zeros"]
    for gateway_state in gateway_states:
        assert load_states == ["on"]
        harness.gateway.state = gateway_state
        await harness.advance(4.5)
    assert load_states == ["on", "off"]


async def test_charge_missing(harness: AutomationHarness) -> None:
    """Without a charge the load isn't switched on, and it is switched off after 15 minutes."""
    load_states = await set_up_at_charge(harness, 80)
    harness.set_charge(95, agg_soc=None)
    await harness.advance(2)
    assert load_states == []
    await switch_load(harness, "on")
    await harness.advance(12)
    assert load_states == ["on"]
    await harness.advance(3)
    assert load_states == ["on", "off"]
    harness.set_charge(95)
    await harness.advance(1)
    assert load_states == ["on", "off", "on"]


@pytest.mark.parametrize("key", ["adjusted_backup_soc", "ENC_agg_avail_energy"])
async def test_reserve_missing(harness: AutomationHarness, key: str) -> None:
    """If it isn't known how much is left above the reserve, the load is off."""
    load_states = await set_up_at_charge(harness, 80, "on")
    harness.set_charge(95, **{key: None})
    await harness.advance(2)
    assert load_states == ["off"]


async def test_entry_removed(harness: AutomationHarness) -> None:
    """The load is switched off when the entry is removed."""
    load_states = await set_up_at_charge(harness, 80, "on")
    await harness.hass.config_entries.async_remove(harness.entry.entry_id)
    await harness.advance_unloaded(2)
    assert load_states == ["off"]


async def test_reload(harness: AutomationHarness) -> None:
    """A reload of the entry doesn't switch the load."""
    load_states = await set_up_at_charge(harness, 95)
    await harness.advance(1)
    await harness.hass.config_entries.async_reload(harness.entry.entry_id)
    await harness.advance(20)
    assert load_states == ["on"]


async def test_switched_by_user(harness: AutomationHarness) -> None:
    """Between the levels the user may switch the load; near the reserve it is switched off at once."""
    load_states = await set_up_at_charge(harness, 80)
    await switch_load(harness, "on")
    await harness.advance(3)
    assert load_states == ["on"]
    harness.set_charge(22)
    await harness.advance(1)
    await switch_load(harness, "on")
    await run_ready_tasks()
    assert load_states == ["on", "off", "on", "off"]


@pytest.mark.parametrize(("soc", "load"), [(95, "on"), (80, "on"), (80, "off"), (60, "off")])
async def test_last_triggered(harness: AutomationHarness, soc: int, load: str) -> None:
    """The automation's last_triggered changes only when it switches the load."""
    harness.set_charge(soc)
    await harness.advance(1)
    await switch_load(harness, load)
    await harness.set_up_blueprint(BLUEPRINT, **INPUTS)
    await harness.advance(5)
    (state,) = harness.hass.states.async_all(AUTOMATION)
    assert state.attributes["last_triggered"] is None
