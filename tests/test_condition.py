"""The conditions: whether they pass for charge and reserve, and never while one of them is unknown."""

from typing import Any, Final

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.condition import async_validate_condition_config
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.enphase_secctrl.const import DOMAIN
from tests.automation_harness import AutomationHarness
from tests.emulator import Gateway
from tests.test_trigger import RESERVE, SOC, step

OTHER_SOC: Final = "sensor.iq_gateway_122300000002_state_of_charge"
CONDITIONS: Final = ("is_above_reserve", "is_at_reserve")


async def passes(harness: AutomationHarness, condition: str, target: object = None, **options: Any) -> bool:
    """Return whether an automation with the condition runs its action."""
    config = {"condition": f"{DOMAIN}.{condition}", "target": target or {"entity_id": SOC}, "options": options}
    calls = harness.record_calls("test.record")
    await harness.set_up_automation(
        {
            "alias": "One",
            "triggers": [{"trigger": "event", "event_type": "check"}],
            "conditions": [config],
            "actions": [{"action": "test.record"}],
        }
    )
    harness.hass.bus.async_fire("check")
    await harness.hass.async_block_till_done()
    await harness.hass.services.async_call(AUTOMATION, "turn_off", {"entity_id": "automation.one"}, blocking=True)
    return bool(calls)


@pytest.mark.parametrize(
    ("charge", "reserve", "expected"),
    [
        (50, 20, "is_above_reserve"),
        (21, 20, "is_above_reserve"),
        (20, 20, "is_at_reserve"),
        (19, 20, "is_at_reserve"),
        (46, 100, "is_at_reserve"),
        (0, 0, "is_at_reserve"),
        (None, 20, None),
        (20, None, None),
    ],
)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("behavior", ["any", "all"])
async def test_values(
    harness: AutomationHarness,
    charge: int | None,
    reserve: int | None,
    expected: str | None,
    condition: str,
    behavior: str,
) -> None:
    """One of the conditions passes, without hysteresis; none while a value is unknown."""
    await step(harness, charge, reserve)
    assert await passes(harness, condition, behavior=behavior) is (condition == expected)


async def test_no_hysteresis(harness: AutomationHarness) -> None:
    """Just above the reserve, the charge is above it, even if it was at the reserve before."""
    for charge in (50, 20, 21):
        await step(harness, charge, 20)
    assert await passes(harness, "is_above_reserve")


@pytest.mark.parametrize(("energy", "expected"), [(0, True), (0.5, True), (1, True), (1.001, False), (50, False)])
async def test_energy(harness: AutomationHarness, energy: float, expected: bool) -> None:
    """At least this energy must be left above the reserve, in kWh."""
    await step(harness, 30, 20)
    assert await passes(harness, "is_above_reserve", energy=energy) is expected


@pytest.mark.parametrize("energy", [None, 2**31])
async def test_unknown_energy(harness: AutomationHarness, energy: int | None) -> None:
    """If the energy is unknown, the condition doesn't pass."""
    await step(harness, 30, 20, ENC_agg_avail_energy=energy)
    assert not await passes(harness, "is_above_reserve", energy=0)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("behavior", ["any", "all"])
@pytest.mark.parametrize("situation", ["outage", "unloaded", "entity of another integration", "other field"])
async def test_no_gateway(harness: AutomationHarness, condition: str, behavior: str, situation: str) -> None:
    """Without a gateway that responds, no condition passes."""
    await step(harness, 20 if condition == "is_at_reserve" else 50, 20)
    target = SOC
    if situation == "outage":
        harness.gateway.state = "refused"
        await harness.advance(5)
    elif situation == "unloaded":
        assert await harness.hass.config_entries.async_unload(harness.entry.entry_id)
    elif situation == "other field":
        target = RESERVE
    else:
        registry = er.async_get(harness.hass)
        target = registry.async_get_or_create("sensor", "other", "122300000001_agg_soc").entity_id
        harness.hass.states.async_set(target, "50")
    assert not await passes(harness, condition, {"entity_id": target}, behavior=behavior)


async def test_device(harness: AutomationHarness) -> None:
    """The target can be a device."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(harness.hass), harness.entry.entry_id)
    await step(harness, 50, 20)
    assert await passes(harness, "is_above_reserve", {"device_id": device.id}, behavior="all")


@pytest.mark.parametrize(("behavior", "expected"), [("any", True), ("all", False)])
@pytest.mark.parametrize("condition", CONDITIONS)
async def test_two_gateways(
    harness: AutomationHarness,
    other_gateway: tuple[Gateway, MockConfigEntry],
    condition: str,
    behavior: str,
    expected: bool,
) -> None:
    """With two gateways, the behavior decides whether one is enough."""
    gateway, entry = other_gateway
    await step(harness, 50, 20)
    gateway.payload.update(harness.gateway.payload | {"agg_soc": 20})
    await entry.runtime_data.async_refresh()
    target = {"entity_id": [SOC, OTHER_SOC]}
    assert await passes(harness, condition, target, behavior=behavior) is expected


@pytest.mark.parametrize(
    ("condition", "options"),
    [
        ("is_above_reserve", {"energy": -1}),
        ("is_above_reserve", {"energy": "much"}),
        ("is_above_reserve", {"behavior": "each"}),
        ("is_at_reserve", {"energy": 1}),
    ],
)
@pytest.mark.usefixtures("loaded_entry")
async def test_invalid_options(hass: HomeAssistant, condition: str, options: dict[str, Any]) -> None:
    """Invalid options are an error of the automation's configuration."""
    config = {"condition": f"{DOMAIN}.{condition}", "target": {"entity_id": SOC}, "options": options}
    with pytest.raises(vol.Invalid):
        await async_validate_condition_config(hass, config)
