"""The blueprints do what they say, run by Home Assistant against a gateway."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import CoreState, HomeAssistant, ServiceCall, State
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    mock_restore_cache,
)

from tests.automations import ABOVE, CHARGE, COMMISSIONING, RESERVE, SHUTDOWN, told, use_blueprint
from tests.conftest import SetUp
from tests.gateway import Gateway, State as Mood
from tests.gateway.payloads import build
from tests.shown import poll

pytestmark = pytest.mark.usefixtures("end_of_automations")
TELL = [{"action": "test.tell", "data": {"reason": "{{ reason | default('') }}"}}]
LOAD = "input_boolean.load"
SILENT: list[Mood] = ["refused", "zeros", "overloaded"]

type Says = Callable[..., None]
type Pass = Callable[[float], Coroutine[None, None, None]]


async def rounds() -> None:
    """Let everything get to its end that needs no time; an automation that waits never does."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def minutes(hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory) -> Pass:
    """Let minutes pass, in steps of half a minute, in which the gateway is polled."""

    async def minutes(number: float) -> None:
        for _ in range(round(number * 2)):
            freezer.tick(timedelta(seconds=30))
            await entry.runtime_data.async_refresh()
            async_fire_time_changed(hass)
            await rounds()

    return minutes


@pytest.fixture
def retried(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Pass:
    """Let minutes pass in which the entry is perhaps not set up: Home Assistant tries again."""

    async def retried(number: float) -> None:
        for _ in range(round(number * 2)):
            await poll(hass, freezer, 30)

    return retried


@pytest.fixture
def says(gateway: Gateway) -> Says:
    """Let the gateway say another charge and reserve, in percent."""

    def says(soc: float, reserve: int = 20, **changes: bool) -> None:
        gateway.payload.clear()
        gateway.payload.update(build("8.2", soc=soc, capacity=10000, reserve=reserve, command=0) | changes)

    return says


async def started(hass: HomeAssistant) -> None:
    """End the start."""
    await hass.async_start()
    await rounds()


@pytest.fixture
async def at_reserve(
    hass: HomeAssistant, tmp_path: Path, says: Says, loaded: MockConfigEntry, minutes: Pass
) -> list[ServiceCall]:
    """The blueprint for the reserve, well above it."""
    says(50)
    await minutes(1)
    calls = told(hass)
    await use_blueprint(
        hass, tmp_path, "reserve_reached", charge=CHARGE, reserve=RESERVE, energy=ABOVE, threshold=300, act=TELL
    )
    return calls


@pytest.mark.parametrize(
    ("soc", "reserve", "expected"), [(20, 20, 1), (15, 20, 1), (22, 20, 1), (24, 20, 0), (5, 0, 0)]
)
async def test_reserve(
    at_reserve: list[ServiceCall], says: Says, minutes: Pass, soc: int, reserve: int, expected: int
) -> None:
    """It acts at the reserve, below it and, by the energy, a bit above it; after the time, and once."""
    says(soc, reserve)
    await minutes(4)
    assert at_reserve == []
    await minutes(30)
    assert len(at_reserve) == expected


async def test_reserve_again(at_reserve: list[ServiceCall], says: Says, minutes: Pass) -> None:
    """It is ready for the next time when the batteries are charged again, and not before."""
    for soc, expected in ((20, 1), (24, 1), (20, 1), (26, 1), (20, 2), (60, 2), (19, 3)):
        says(soc)
        await minutes(8)
        assert len(at_reserve) == expected, soc


async def test_reserve_for_a_moment(at_reserve: list[ServiceCall], says: Says, minutes: Pass) -> None:
    """What is over before the time does not count."""
    for soc in (20, 40, 20, 40):
        says(soc)
        await minutes(3)
    assert at_reserve == []


@pytest.mark.parametrize("mood", SILENT)
async def test_reserve_without_values(
    gateway: Gateway, at_reserve: list[ServiceCall], says: Says, minutes: Pass, mood: Mood
) -> None:
    """No value is no zero. What was told before a gap is not told after it; what was not, is."""
    gateway.state = mood
    await minutes(20)
    assert at_reserve == []
    says(20)
    gateway.state = "up"
    await minutes(10)
    assert len(at_reserve) == 1
    gateway.state = mood
    await minutes(20)
    gateway.state = "up"
    await minutes(20)
    assert len(at_reserve) == 1


async def test_reserve_at_a_start(
    hass: HomeAssistant, tmp_path: Path, says: Says, set_up: SetUp, gateway: Gateway, minutes: Pass
) -> None:
    """What is so at a start of Home Assistant is not told, also not after a gap; the next time is."""
    hass.set_state(CoreState.not_running)
    says(20)
    await set_up()
    calls = told(hass)
    await use_blueprint(hass, tmp_path, "reserve_reached", charge=CHARGE, reserve=RESERVE, act=TELL)
    await started(hass)
    await minutes(10)
    gateway.state = "refused"
    await minutes(10)
    gateway.state = "up"
    await minutes(10)
    assert calls == []
    says(60)
    await minutes(2)
    says(20)
    await minutes(8)
    assert len(calls) == 1


async def test_reserve_and_a_silent_start(
    hass: HomeAssistant, tmp_path: Path, says: Says, loaded: MockConfigEntry, gateway: Gateway, minutes: Pass
) -> None:
    """What the first values after a start say is not told either, however late they come; the next time is."""
    gateway.state = "refused"
    await minutes(5)
    hass.set_state(CoreState.not_running)
    calls = told(hass)
    await use_blueprint(hass, tmp_path, "reserve_reached", charge=CHARGE, reserve=RESERVE, act=TELL)
    await started(hass)
    await minutes(10)
    gateway.state = "up"
    for soc, expected in ((20, 0), (60, 0), (20, 1)):
        says(soc)
        await minutes(10)
        assert len(calls) == expected, soc


async def test_reserve_earlier(
    hass: HomeAssistant, tmp_path: Path, says: Says, loaded: MockConfigEntry, minutes: Pass
) -> None:
    """A charge that moves around the threshold is one event, until it has risen by as much as it must."""
    says(50)
    await minutes(1)
    calls = told(hass)
    await use_blueprint(
        hass, tmp_path, "reserve_reached", charge=CHARGE, reserve=RESERVE, energy=ABOVE, threshold=1000, act=TELL
    )
    for soc, expected in ((29, 1), (30, 1), (29, 1), (33, 1), (29, 1), (34, 1), (29, 2)):
        says(soc)
        await minutes(8)
        assert len(calls) == expected, soc


async def test_reserve_and_a_reload(
    hass: HomeAssistant, at_reserve: list[ServiceCall], says: Says, loaded: MockConfigEntry, minutes: Pass
) -> None:
    """A reload of the entry is no news."""
    says(20)
    await minutes(8)
    await hass.config_entries.async_reload(loaded.entry_id)
    await minutes(20)
    assert len(at_reserve) == 1


@pytest.fixture
async def with_load(hass: HomeAssistant) -> None:
    """A load that can be switched."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"load": {}}})


def switches(hass: HomeAssistant) -> list[str]:
    """Return the list that grows with each state of the load."""
    seen: list[str] = []
    async_track_state_change_event(
        hass, LOAD, lambda event: seen.append(str(event.data["new_state"] and event.data["new_state"].state))
    )
    return seen


async def switch(hass: HomeAssistant, state: str) -> None:
    """Switch the load by hand."""
    await hass.services.async_call("input_boolean", f"turn_{state}", {"entity_id": LOAD}, blocking=True)


@pytest.mark.usefixtures("with_load")
@pytest.mark.parametrize("late", [False, True], ids=["running", "at a start"])
@pytest.mark.parametrize(
    ("soc", "reserve", "load", "expected"),
    [
        (90, 20, "off", "on"),
        (89, 20, "off", "off"),
        (89, 20, "on", "on"),
        (71, 20, "on", "on"),
        (70, 20, "on", "off"),
        (70, 20, "off", "off"),
        (100, 20, "on", "on"),
        # The reserve and 5 % are above the level "Off at": both levels rise
        (85, 80, "on", "off"),
        (86, 80, "on", "on"),
        (90, 80, "off", "off"),
        (99, 80, "off", "off"),
        (100, 80, "off", "on"),
        (94, 70, "off", "off"),
        (95, 70, "off", "on"),
        (75, 70, "on", "off"),
        # Nothing above the reserve: never
        (100, 95, "off", "off"),
        (100, 100, "on", "off"),
        (0, 0, "on", "off"),
    ],
)
async def test_surplus(
    hass: HomeAssistant,
    tmp_path: Path,
    says: Says,
    set_up: SetUp,
    minutes: Pass,
    late: bool,
    soc: int,
    reserve: int,
    load: str,
    expected: str,
) -> None:
    """The load is as it must be, whether Home Assistant saw a level crossed or not, and is switched once at most."""
    says(*((soc, reserve) if late else (80, 20)))
    await set_up()
    await switch(hass, load)
    seen = switches(hass)
    await use_blueprint(hass, tmp_path, "use_surplus", charge=CHARGE, reserve=RESERVE, load=LOAD)
    says(soc, reserve)
    await minutes(3)
    assert [load, *seen][-1] == expected
    assert seen == [expected] * (load != expected)


@pytest.mark.usefixtures("with_load", "loaded")
async def test_surplus_levels_that_cross(hass: HomeAssistant, tmp_path: Path, says: Says, minutes: Pass) -> None:
    """With the levels exchanged it is off at the higher one, and does not flutter."""
    says(60)
    await minutes(1)
    await switch(hass, "on")
    seen = switches(hass)
    await use_blueprint(
        hass, tmp_path, "use_surplus", charge=CHARGE, reserve=RESERVE, load=LOAD, on_level=40, off_level=60
    )
    await minutes(5)
    assert seen == ["off"]


@pytest.mark.usefixtures("with_load", "loaded")
@pytest.mark.parametrize("mood", SILENT)
async def test_surplus_without_values(
    hass: HomeAssistant, tmp_path: Path, gateway: Gateway, says: Says, minutes: Pass, mood: Mood
) -> None:
    """Without values the load stays for a while, is then off, and stays off until they are back."""
    says(95)
    await minutes(1)
    seen = switches(hass)
    await use_blueprint(hass, tmp_path, "use_surplus", charge=CHARGE, reserve=RESERVE, load=LOAD)
    await minutes(2)
    assert seen == ["on"]
    gateway.state = mood
    await minutes(14)
    assert seen == ["on"]
    await minutes(5)
    assert seen == ["on", "off"]
    await minutes(30)
    gateway.state = "up"
    await minutes(2)
    assert seen == ["on", "off", "on"]


@pytest.mark.usefixtures("with_load", "loaded")
async def test_surplus_of_a_gateway_that_is_gone(
    hass: HomeAssistant, tmp_path: Path, loaded: MockConfigEntry, says: Says, retried: Pass
) -> None:
    """When the entry is removed the load goes off."""
    says(80)
    await retried(1)
    await switch(hass, "on")
    await use_blueprint(hass, tmp_path, "use_surplus", charge=CHARGE, reserve=RESERVE, load=LOAD)
    await hass.config_entries.async_remove(loaded.entry_id)
    await retried(2)
    assert [state.state for state in hass.states.async_all("input_boolean")] == ["off"]


@pytest.mark.usefixtures("with_load", "loaded")
async def test_surplus_by_hand(hass: HomeAssistant, tmp_path: Path, says: Says, minutes: Pass) -> None:
    """Between the levels a hand may switch it; near the reserve it may not be on."""
    says(80)
    await minutes(1)
    await use_blueprint(hass, tmp_path, "use_surplus", charge=CHARGE, reserve=RESERVE, load=LOAD)
    seen = switches(hass)
    await switch(hass, "on")
    await minutes(3)
    assert seen == ["on"]
    says(22)
    await minutes(1)
    await switch(hass, "on")
    await minutes(1)
    assert seen == ["on", "off", "on", "off"]


@pytest.mark.usefixtures("with_load", "loaded")
async def test_surplus_is_not_triggered_for_nothing(
    hass: HomeAssistant, tmp_path: Path, says: Says, minutes: Pass
) -> None:
    """Looking is not running: the automation was last triggered when it last switched."""
    says(80)
    await minutes(1)
    await use_blueprint(hass, tmp_path, "use_surplus", charge=CHARGE, reserve=RESERVE, load=LOAD)
    await minutes(5)
    (state,) = hass.states.async_all(AUTOMATION)
    assert state.attributes["last_triggered"] is None


async def watches(hass: HomeAssistant, folder: Path) -> list[ServiceCall]:
    """Use the blueprint that watches the gateway; return what it tells."""
    calls = told(hass)
    await use_blueprint(hass, folder, "watch_gateway", shutdown=SHUTDOWN, flags=[COMMISSIONING], act=TELL)
    return calls


def reasons(calls: list[ServiceCall]) -> list[str]:
    """Return why it told."""
    return [call.data["reason"] for call in calls]


@pytest.mark.usefixtures("loaded")
async def test_watch_silence(hass: HomeAssistant, tmp_path: Path, gateway: Gateway, minutes: Pass) -> None:
    """A silent gateway is told once, after the time, and again the next time; zeros of a restart are no silence."""
    calls = await watches(hass, tmp_path)
    gateway.state = "zeros"
    await minutes(20)
    gateway.state = "refused"
    await minutes(14)
    assert calls == []
    await minutes(40)
    assert reasons(calls) == ["The gateway is silent"]
    gateway.state = "up"
    await minutes(3)
    gateway.state = "overloaded"
    await minutes(40)
    assert reasons(calls) == ["The gateway is silent"] * 2


async def test_watch_silence_and_a_reload(
    hass: HomeAssistant, tmp_path: Path, gateway: Gateway, loaded: MockConfigEntry, retried: Pass
) -> None:
    """A reload tells nothing, and nothing again."""
    calls = await watches(hass, tmp_path)
    await hass.config_entries.async_reload(loaded.entry_id)
    await retried(30)
    assert calls == []
    gateway.state = "refused"
    await retried(30)
    await hass.config_entries.async_reload(loaded.entry_id)
    await retried(30)
    assert reasons(calls) == ["The gateway is silent"]


@pytest.mark.parametrize(("hours", "number"), [(None, 1), (1, 0), (25, 1)], ids=["never", "an hour", "a day"])
async def test_watch_silence_at_a_start(
    hass: HomeAssistant,
    tmp_path: Path,
    gateway: Gateway,
    loaded: MockConfigEntry,
    retried: Pass,
    hours: int | None,
    number: int,
) -> None:
    """A gateway that is silent at a start is told once after the time, unless it was told in the last day."""
    gateway.state = "refused"
    await hass.config_entries.async_unload(loaded.entry_id)
    hass.set_state(CoreState.not_running)
    restore(hass, hours)
    calls = await watches(hass, tmp_path)
    await hass.config_entries.async_setup(loaded.entry_id)
    await started(hass)
    await retried(12)
    assert calls == []
    await retried(20)
    assert len(calls) == number
    gateway.state = "up"
    await hass.config_entries.async_reload(loaded.entry_id)
    await retried(2)
    gateway.state = "refused"
    await retried(30)
    assert len(calls) == number + 1


def restore(hass: HomeAssistant, hours: int | None) -> None:
    """Let Home Assistant remember when the automation last ran, before the start."""
    told_at = [] if hours is None else [(dt_util.utcnow() - timedelta(hours=hours)).isoformat()]
    states = [State("automation.one", "on", {"last_triggered": told_at[0]})] if told_at else []
    mock_restore_cache(hass, states)


@pytest.mark.usefixtures("all_enabled", "loaded")
@pytest.mark.parametrize(("key", "name"), [("shutdown", "Shutdown"), ("Commission_in_progress", "Commissioning")])
async def test_watch_flags(
    hass: HomeAssistant, tmp_path: Path, gateway: Gateway, says: Says, minutes: Pass, key: str, name: str
) -> None:
    """A raised flag is told once, also when the gateway is away meanwhile, and again when it is raised again."""
    says(50)
    await minutes(1)
    calls = await watches(hass, tmp_path)
    says(50, **{key: True})
    await minutes(1)
    assert reasons(calls) == [name]
    gateway.state = "bad_gateway"
    await minutes(10)
    gateway.state = "up"
    await minutes(5)
    assert reasons(calls) == [name]
    says(50)
    await minutes(1)
    says(50, **{key: True})
    await minutes(1)
    assert reasons(calls) == [name] * 2


@pytest.mark.usefixtures("all_enabled", "loaded")
async def test_watch_flag_raised_in_silence(
    hass: HomeAssistant, tmp_path: Path, gateway: Gateway, says: Says, minutes: Pass
) -> None:
    """A flag that is up when the gateway comes back is news."""
    calls = await watches(hass, tmp_path)
    gateway.state = "refused"
    await minutes(30)
    says(50, shutdown=True)
    gateway.state = "up"
    await minutes(5)
    assert reasons(calls) == ["The gateway is silent", "Shutdown"]


@pytest.mark.parametrize(("hours", "number"), [(None, 1), (1, 0), (25, 1)], ids=["never", "an hour", "a day"])
async def test_watch_flag_at_a_start(
    hass: HomeAssistant,
    tmp_path: Path,
    gateway: Gateway,
    says: Says,
    loaded: MockConfigEntry,
    minutes: Pass,
    hours: int | None,
    number: int,
) -> None:
    """A flag that is up at a start is told, unless that was done in the last day."""
    await hass.config_entries.async_unload(loaded.entry_id)
    says(50, shutdown=True)
    hass.set_state(CoreState.not_running)
    restore(hass, hours)
    calls = await watches(hass, tmp_path)
    await started(hass)
    await hass.config_entries.async_setup(loaded.entry_id)
    await minutes(20)
    assert reasons(calls) == ["Shutdown"] * number
