"""The blueprint for a load switches it at the levels, and off when nobody knows them any more."""

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import CoreState, Event, EventStateChangedData, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
import pytest

from tests.automations import CHARGE, RESERVE, House, settled, without_one_value, without_values
from tests.gateway import State

BLUEPRINT = "use_surplus"
LOAD = "input_boolean.load"
INPUTS = {"charge": CHARGE, "reserve": RESERVE, "load": LOAD}

levels = pytest.mark.parametrize(
    ("soc", "reserve", "load", "switched"),
    [
        (90, 20, "off", ["on"]),
        (89, 20, "off", []),
        (89, 20, "on", []),
        (71, 20, "on", []),
        (70, 20, "on", ["off"]),
        (70, 20, "off", []),
        (100, 20, "on", []),
        # The reserve and 5 % are above the level "Off at": both levels rise
        (85, 80, "on", ["off"]),
        (86, 80, "on", []),
        (90, 80, "off", []),
        (99, 80, "off", []),
        (100, 80, "off", ["on"]),
        (94, 70, "off", []),
        (95, 70, "off", ["on"]),
        (75, 70, "on", ["off"]),
        # Nothing above the reserve: never
        (100, 95, "off", []),
        (100, 100, "on", ["off"]),
        (0, 0, "on", ["off"]),
    ],
    ids=str,
)


@pytest.fixture(autouse=True)
async def with_load(house: House) -> None:
    """A load that can be switched."""
    assert await async_setup_component(house.hass, "homeassistant", {})
    assert await async_setup_component(house.hass, "input_boolean", {"input_boolean": {"load": {}}})


def switches(house: House) -> list[str]:
    """Return the list that grows with each state of the load."""
    seen: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        seen.append(str(event.data["new_state"] and event.data["new_state"].state))

    async_track_state_change_event(house.hass, LOAD, note)
    return seen


async def switch(house: House, state: str) -> None:
    """Switch the load by hand."""
    await house.hass.services.async_call("input_boolean", f"turn_{state}", {"entity_id": LOAD}, blocking=True)


async def used(house: House, soc: float, load: str = "off", **inputs: object) -> list[str]:
    """Use the blueprint at a charge (%), with the load so; return the list that grows with each state of it."""
    house.says(soc)
    await house.minutes(1)
    await switch(house, load)
    seen = switches(house)
    await house.use_blueprint(BLUEPRINT, **INPUTS, **inputs)
    return seen


@levels
async def test_levels(house: House, soc: int, reserve: int, load: str, switched: list[str]) -> None:
    """The load is switched when a level is crossed, and once at most."""
    seen = await used(house, 80, load)
    house.says(soc, reserve)
    await house.minutes(3)
    assert seen == switched


@levels
async def test_levels_at_a_start(house: House, soc: int, reserve: int, load: str, switched: list[str]) -> None:
    """It is so too when the level was crossed before the start of Home Assistant."""
    house.says(soc, reserve)
    await house.minutes(1)
    await switch(house, load)
    seen = switches(house)
    house.hass.set_state(CoreState.not_running)
    await house.use_blueprint(BLUEPRINT, **INPUTS)
    await house.minutes(3)
    assert seen == []
    await house.start()
    await house.minutes(3)
    assert seen == switched


async def test_levels_that_cross(house: House) -> None:
    """With the levels exchanged it is off at the higher one, and does not flutter."""
    seen = await used(house, 60, "on", on_level=40, off_level=60)
    await house.minutes(5)
    assert seen == ["off"]


@without_values
async def test_without_values(house: House, mood: State, shown: str) -> None:
    """Without values the load stays for a while, is then off, and stays off until they are back."""
    seen = await used(house, 95)
    await house.minutes(2)
    assert seen == ["on"]
    house.gateway.state = mood
    await house.minutes(14)
    assert house.hass.states.is_state(CHARGE, shown)
    assert seen == ["on"]
    await house.minutes(5)
    assert seen == ["on", "off"]
    await house.minutes(30)
    house.gateway.state = "up"
    await house.minutes(2)
    assert seen == ["on", "off", "on"]


async def test_without_values_of_two_kinds(house: House) -> None:
    """A gateway that is silent, then looks for its batteries, then is silent again, tells nothing all the while."""
    seen = await used(house, 95)
    await house.minutes(1)
    moods: list[State] = ["refused", "zeros", "refused", "zeros"]
    for mood in moods:
        assert seen == ["on"]
        house.gateway.state = mood
        await house.minutes(4.5)
    assert seen == ["on", "off"]


@without_one_value
async def test_without_one_value(house: House, key: str, entity: str) -> None:
    """One of the two is not enough: the load is not switched on, and is off after a while."""
    seen = await used(house, 80)
    house.says(95, **{key: None})
    await house.minutes(2)
    assert house.hass.states.is_state(entity, "unknown")
    assert seen == []
    await switch(house, "on")
    await house.minutes(12)
    assert seen == ["on"]
    await house.minutes(3)
    assert seen == ["on", "off"]
    house.says(95)
    await house.minutes(1)
    assert seen == ["on", "off", "on"]


async def test_low_without_a_reserve(house: House) -> None:
    """The level "Off at" needs no reserve, and does not wait for one."""
    seen = await used(house, 80, "on")
    house.says(70, adjusted_backup_soc=None)
    await house.minutes(1)
    assert seen == ["off"]


async def test_a_gateway_that_is_gone(house: House) -> None:
    """When the entry is removed the load goes off."""
    seen = await used(house, 80, "on")
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    await house.minutes_of_retries(2)
    assert seen == ["off"]


async def test_a_reload(house: House) -> None:
    """A reload of the entry switches nothing."""
    seen = await used(house, 95)
    await house.minutes(1)
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.minutes(20)
    assert seen == ["on"]


async def test_by_hand(house: House) -> None:
    """Between the levels a hand may switch it; near the reserve it may not be on, not for a moment."""
    seen = await used(house, 80)
    await switch(house, "on")
    await house.minutes(3)
    assert seen == ["on"]
    house.says(22)
    await house.minutes(1)
    await switch(house, "on")
    await settled()
    assert seen == ["on", "off", "on", "off"]


@pytest.mark.parametrize(("soc", "load"), [(95, "on"), (80, "on"), (80, "off"), (60, "off")])
async def test_is_not_triggered_for_nothing(house: House, soc: int, load: str) -> None:
    """Looking is not running: the automation was last triggered when it last switched."""
    house.says(soc)
    await house.minutes(1)
    await switch(house, load)
    await house.use_blueprint(BLUEPRINT, **INPUTS)
    await house.minutes(5)
    (state,) = house.hass.states.async_all(AUTOMATION)
    assert state.attributes["last_triggered"] is None
