"""The blueprint "reserve reached": it triggers once each time, and never because a value is missing."""

from homeassistant.core import CoreState, ServiceCall
from homeassistant.util.unit_conversion import EnergyConverter
from homeassistant.util.yaml import load_yaml_dict
import pytest

from tests.automation_harness import BLUEPRINTS, AutomationHarness
from tests.blueprints.entities import CHARGE, ENERGY_ABOVE_RESERVE, RESERVE, all_values_missing, one_value_missing
from tests.emulator import OperatingState

BLUEPRINT = "reserve_reached"
INPUTS = {"charge": CHARGE, "reserve": RESERVE, "act": [{"action": "test.action"}]}


async def set_up_charged(harness: AutomationHarness, **inputs: object) -> list[ServiceCall]:
    """Set up the blueprint while the batteries are far above the reserve; return the calls of its action."""
    harness.set_charge(50)
    await harness.advance(1)
    calls = harness.record_calls("test.action")
    await harness.set_up_blueprint(BLUEPRINT, **INPUTS, **inputs)
    return calls


@pytest.fixture
async def calls(harness: AutomationHarness) -> list[ServiceCall]:
    """The calls of an automation that triggers below 300 Wh above the reserve."""
    return await set_up_charged(harness, energy=ENERGY_ABOVE_RESERVE, threshold=300)


@pytest.mark.parametrize(
    ("soc", "reserve", "expected"), [(20, 20, 1), (15, 20, 1), (22, 20, 1), (23, 20, 0), (24, 20, 0), (5, 0, 0)]
)
async def test_trigger_level(
    harness: AutomationHarness, calls: list[ServiceCall], soc: int, reserve: int, expected: int
) -> None:
    """It triggers once, after 5 minutes at the reserve or with less energy above it than the threshold."""
    harness.set_charge(soc, reserve)
    await harness.advance(4)
    assert calls == []
    await harness.advance(30)
    assert len(calls) == expected


@pytest.mark.parametrize("unit", ["Wh", "kWh", "MWh", "MJ", "kcal"])
async def test_unit(harness: AutomationHarness, unit: str) -> None:
    """The threshold is in Wh, whatever unit the user has chosen for the energy."""
    calls = await set_up_charged(harness, energy=ENERGY_ABOVE_RESERVE, threshold=300)
    harness.choose_unit(ENERGY_ABOVE_RESERVE, unit)
    for soc, expected in ((23, 0), (22, 1)):
        harness.set_charge(soc)
        await harness.advance(8)
        assert len(calls) == expected, soc
    state = harness.hass.states.get(ENERGY_ABOVE_RESERVE)
    assert state
    assert state.attributes["unit_of_measurement"] == unit


def test_units() -> None:
    """The blueprint knows all units of energy."""
    (path,) = (path for path in BLUEPRINTS if path.stem == BLUEPRINT)
    config = load_yaml_dict(str(path))
    factors = config["trigger_variables"]["wh_per_unit"]
    assert factors == config["variables"]["wh_per_unit"]
    assert factors.keys() >= EnergyConverter.VALID_UNITS
    known = factors.keys() & EnergyConverter.VALID_UNITS
    assert {unit: factors[unit] for unit in known} == pytest.approx(
        {unit: EnergyConverter.convert(1, unit, "Wh") for unit in known}
    )


@pytest.mark.parametrize(("soc", "expected"), [(24, 1), (25, 0)])
async def test_default_threshold(harness: AutomationHarness, soc: int, expected: int) -> None:
    """The default threshold is 500 Wh."""
    calls = await set_up_charged(harness, energy=ENERGY_ABOVE_RESERVE)
    harness.set_charge(soc)
    await harness.advance(10)
    assert len(calls) == expected


async def test_repeated(harness: AutomationHarness, calls: list[ServiceCall]) -> None:
    """The action runs again only after the batteries have been charged in between."""
    for soc, expected in ((20, 1), (24, 1), (20, 1), (26, 1), (20, 2), (60, 2), (19, 3)):
        harness.set_charge(soc)
        await harness.advance(8)
        assert len(calls) == expected, soc


async def test_repeated_with_high_reserve(harness: AutomationHarness) -> None:
    """Full batteries count as charged if the reserve is so high that the usual rise is impossible."""
    calls = await set_up_charged(harness)
    for soc, expected in ((98, 1), (99, 1), (98, 1), (100, 1), (98, 2)):
        harness.set_charge(soc, 98)
        await harness.advance(8)
        assert len(calls) == expected, soc


async def test_charge_around_the_threshold(harness: AutomationHarness) -> None:
    """A charge that moves around the threshold triggers only once, until it has risen far enough."""
    calls = await set_up_charged(harness, energy=ENERGY_ABOVE_RESERVE, threshold=1000)
    for soc, expected in ((29, 1), (30, 1), (29, 1), (33, 1), (29, 1), (34, 1), (29, 2)):
        harness.set_charge(soc)
        await harness.advance(8)
        assert len(calls) == expected, soc


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
    """Missing values aren't zeros; an outage neither triggers again nor suppresses the first trigger."""
    harness.gateway.state = gateway_state
    await harness.advance(20)
    assert harness.hass.states.is_state(CHARGE, entity_state)
    assert calls == []
    harness.set_charge(20)
    harness.gateway.state = "up"
    await harness.advance(10)
    assert len(calls) == 1
    harness.gateway.state = gateway_state
    await harness.advance(20)
    harness.gateway.state = "up"
    await harness.advance(20)
    assert len(calls) == 1


@one_value_missing
async def test_one_value_missing(harness: AutomationHarness, key: str, entity: str) -> None:
    """The blueprint doesn't trigger while one of its two values is unknown."""
    calls = await set_up_charged(harness)
    harness.set_charge(15, **{key: None})
    await harness.advance(20)
    assert harness.hass.states.is_state(entity, "unknown")
    assert calls == []
    for soc, expected in ((15, 1), (60, 1), (15, 2)):
        harness.set_charge(soc)
        await harness.advance(10)
        assert len(calls) == expected, soc


@pytest.mark.parametrize(
    ("inputs", "first", "later", "reserve"),
    [({"energy": ENERGY_ABOVE_RESERVE, "threshold": 2000}, 21, 30, 20), ({}, 100, 100, 100)],
    ids=["energy", "full"],
)
async def test_outage_before_recharge(
    harness: AutomationHarness, inputs: dict[str, object], first: int, later: int, reserve: int
) -> None:
    """An outage before the batteries have been charged again doesn't cause a second trigger."""
    calls = await set_up_charged(harness, **inputs)
    for soc in (first, later):
        harness.set_charge(soc, reserve)
        await harness.advance(8)
    harness.gateway.state = "refused"
    await harness.advance(10)
    harness.gateway.state = "up"
    await harness.advance(10)
    assert len(calls) == 1


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
    calls = harness.record_calls("test.action")
    await harness.set_up_blueprint(BLUEPRINT, **INPUTS)
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
