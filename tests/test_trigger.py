"""The triggers: which sequences of reports run an automation, and with which variables."""

from collections.abc import Callable, Coroutine
import sys
from typing import Any, Final

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import DOMAIN
from tests.automation_harness import AutomationHarness
from tests.emulator import Gateway

type AddTrigger = Callable[..., Coroutine[None, None, list[ServiceCall]]]

SOC: Final = "sensor.iq_gateway_122300000001_state_of_charge"
RESERVE: Final = "sensor.iq_gateway_122300000001_reserve_battery_level"
VARIABLES: Final = ("charge", "reserve", "energy_above_reserve", "previous_reserve")
TRIGGERS: Final = ("reserve_reached", "reserve_changed", "shutdown_level_reached", "fully_charged")

# Steps of "charge/reserve number of events so far"; "?" is an unknown value. The shutdown level is 10 %
SEQUENCES: Final = {
    "reserve_reached": {
        "once": "50/20 0, 21/20 0, 20/20 1, 19/20 1, 21/20 1, 20/20 1",
        "again": "21/20 0, 20/20 1, 25/20 1, 20/20 2",
        "raised": "46/20 0, 46/100 0, 45/100 0, 46/20 0, 20/20 1",
        "unknown": "30/20 0, ?/20 0, 20/20 0, 19/20 0, 30/20 0, 20/? 0, 20/20 0",
    },
    "reserve_changed": {
        "changed": "50/20 0, 49/20 0, 49/30 1, 48/30 1, 48/20 2, 20/20 2",
        "raised above the charge": "46/20 0, 46/100 1",
        "unknown": "50/20 0, 50/? 0, 50/30 0, 50/20 1",
    },
    "shutdown_level_reached": {
        "once": "15/20 0, 11/20 0, 10/20 1, 9/20 1, 11/20 1, 10/20 1",
        "again": "15/20 0, 10/20 1, 15/20 1, 10/20 2",
    },
    "fully_charged": {
        "once": "99/20 0, 100/20 1, 99/20 1, 100/20 1, 95/20 1, 100/20 2",
        "unknown": "99/20 0, ?/20 0, 100/20 0",
    },
}


@pytest.fixture
def add_trigger(harness: AutomationHarness) -> AddTrigger:
    """A function that sets up an automation with a trigger; it returns the calls of its action."""

    async def add_trigger(trigger: str, target: dict[str, Any] | None = None, **options: Any) -> list[ServiceCall]:
        calls = harness.record_calls("test.record")
        variables = {name: f"{{{{ trigger.{name} }}}}" for name in VARIABLES}
        config = {"trigger": f"{DOMAIN}.{trigger}", "target": target or {"entity_id": SOC}}
        if options:
            config["options"] = options
        actions = [{"action": "test.record", "data": variables}]
        await harness.set_up_automation({"alias": "One", "triggers": [config], "actions": actions})
        return calls

    return add_trigger


async def step(harness: AutomationHarness, charge: int | None, reserve: int | None, **changes: Any) -> None:
    """Let the gateway report charge and reserve, and read it."""
    missing = {key: None for key, value in (("agg_soc", charge), ("adjusted_backup_soc", reserve)) if value is None}
    harness.set_charge(50 if charge is None else charge, 20 if reserve is None else reserve, **missing, **changes)
    await harness.advance(0.5)


@pytest.mark.parametrize(
    ("trigger", "sequence"), [(trigger, sequence) for trigger in SEQUENCES for sequence in SEQUENCES[trigger]]
)
async def test_sequence(harness: AutomationHarness, add_trigger: AddTrigger, trigger: str, sequence: str) -> None:
    """The trigger fires in exactly these steps; the automation is set up after the first one."""
    calls: list[ServiceCall] | None = None
    for values, expected in (one.split(" ") for one in SEQUENCES[trigger][sequence].split(", ")):
        await step(harness, *(None if value == "?" else int(value) for value in values.split("/")))
        calls = await add_trigger(trigger) if calls is None else calls
        assert len(calls) == int(expected), values


async def test_variables(harness: AutomationHarness, add_trigger: AddTrigger) -> None:
    """Charge, reserve, and the energy above it in kWh are variables of the trigger."""
    await step(harness, 100, 20)
    reached = await add_trigger("reserve_reached")
    await step(harness, 20, 20)
    assert reached[0].data == {"charge": 20, "reserve": 20, "energy_above_reserve": 0, "previous_reserve": ""}


async def test_variables_of_a_change(harness: AutomationHarness, add_trigger: AddTrigger) -> None:
    """A change of the reserve has the previous reserve as well; an unknown value is None."""
    await step(harness, 50, 20)
    calls = await add_trigger("reserve_changed")
    await step(harness, 50, 35)
    await step(harness, 50, 40, ENC_agg_avail_energy=None)
    assert [call.data for call in calls] == [
        {"charge": 50, "reserve": 35, "energy_above_reserve": 1.5, "previous_reserve": 20},
        {"charge": 50, "reserve": 40, "energy_above_reserve": None, "previous_reserve": 35},
    ]


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("interruption", ["reload", "outage", "rename", "restart of the gateway"])
async def test_interruption(
    harness: AutomationHarness, add_trigger: AddTrigger, trigger: str, interruption: str
) -> None:
    """A change that happens during an interruption doesn't fire."""
    levels = {"fully_charged": (90, 20, 100, 20), "shutdown_level_reached": (15, 20, 10, 20)}
    charge, reserve, new_charge, new_reserve = levels.get(trigger, (50, 20, 30, 30))
    await step(harness, charge, reserve)
    registry = dr.async_get(harness.hass)
    (device,) = dr.async_entries_for_config_entry(registry, harness.entry.entry_id)
    calls = await add_trigger(trigger, {"device_id": device.id})
    if interruption == "outage":
        harness.gateway.state = "refused"
        await harness.advance(5)
        harness.gateway.state = "up"
    elif interruption == "restart of the gateway":
        await step(harness, None, None)
    harness.set_charge(new_charge, new_reserve)
    if interruption == "reload":
        await harness.hass.config_entries.async_reload(harness.entry.entry_id)
    elif interruption == "rename":
        for entity_id in (SOC, RESERVE):
            er.async_get(harness.hass).async_update_entity(entity_id, new_entity_id=f"{entity_id}_renamed")
        await harness.hass.async_block_till_done()
        harness.set_charge(charge, reserve)
    await harness.advance(1)
    assert calls == []


@pytest.mark.parametrize("kind", ["device", "area", "label", "charge", "reserve", "all"])
@pytest.mark.parametrize("trigger", ["reserve_reached", "reserve_changed"])
async def test_target(harness: AutomationHarness, add_trigger: AddTrigger, trigger: str, kind: str) -> None:
    """Whatever the target is, there is one event for the gateway."""
    hass = harness.hass
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), harness.entry.entry_id)
    area = ar.async_get(hass).async_create("Garage")
    label = lr.async_get(hass).async_create("Energy")
    dr.async_get(hass).async_update_device(device.id, area_id=area.id, labels={label.label_id})
    targets: dict[str, dict[str, Any]] = {
        "device": {"device_id": device.id},
        "area": {"area_id": area.id},
        "label": {"label_id": label.label_id},
        "charge": {"entity_id": SOC},
        "reserve": {"entity_id": RESERVE},
    }
    targets["all"] = {key: value for target in targets.values() for key, value in target.items()}
    await step(harness, 50, 20)
    calls = await add_trigger(trigger, targets[kind])
    await step(harness, 30, 30)
    await step(harness, 50, 35)
    await step(harness, 35, 35)
    is_other_field = (trigger, kind) == ("reserve_reached", "reserve")
    assert len(calls) == (0 if is_other_field else {"reserve_reached": 1, "reserve_changed": 2}[trigger])


@pytest.mark.parametrize(("minutes", "expected"), [(1, 0), (2, 1)])
async def test_duration(harness: AutomationHarness, add_trigger: AddTrigger, minutes: int, expected: int) -> None:
    """With a duration, the charge must stay at the reserve for that long."""
    await step(harness, 50, 20)
    calls = await add_trigger("reserve_reached", **{"for": {"minutes": 2}})
    await step(harness, 20, 20)
    await step(harness, 22, 20)
    await harness.advance(minutes)
    await step(harness, 60, 20)
    await harness.advance(5)
    assert len(calls) == expected


@pytest.mark.parametrize(("behavior", "expected"), [("each", [0, 1, 2]), ("first", [0, 1, 1]), ("all", [0, 0, 1])])
async def test_two_gateways(
    harness: AutomationHarness,
    add_trigger: AddTrigger,
    other_gateway: tuple[Gateway, MockConfigEntry],
    behavior: str,
    expected: list[int],
) -> None:
    """With two gateways, the behavior decides which of them fires."""
    gateway, entry = other_gateway
    other = "sensor.iq_gateway_122300000002_state_of_charge"

    async def other_step(charge: int) -> None:
        gateway.payload.clear()
        gateway.payload.update(harness.gateway.payload | {"agg_soc": charge})
        await entry.runtime_data.async_refresh()
        await harness.hass.async_block_till_done()

    await step(harness, 50, 20)
    await other_step(50)
    calls = await add_trigger("reserve_reached", {"entity_id": [SOC, other]}, behavior=behavior)
    counts = [len(calls)]
    await step(harness, 20, 20)
    counts.append(len(calls))
    await other_step(20)
    counts.append(len(calls))
    assert counts == expected


@pytest.mark.parametrize("module", ["trigger", "condition"])
async def test_without_triggers_and_conditions(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """The integration loads if Home Assistant's interface for triggers or conditions has changed."""
    assert await hass.config_entries.async_unload(loaded_entry.entry_id)
    monkeypatch.setitem(sys.modules, f"homeassistant.helpers.{module}", None)
    for name in [*sys.modules]:
        if name.startswith(f"custom_components.{DOMAIN}"):
            monkeypatch.delitem(sys.modules, name)
    assert await hass.config_entries.async_setup(loaded_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(SOC)
    assert await async_setup_component(hass, AUTOMATION, {})
