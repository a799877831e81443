"""The device, and what becomes of it."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CORE_DOMAIN, DOMAIN
from tests.conftest import SetUp
from tests.gateway import Gateway
from tests.shown import poll


def _device(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device


@pytest.mark.parametrize(
    ("part_number", "model"),
    [
        ("800-00654-r08", "IQ Gateway Metered"),
        ("800-00656-r06", "IQ Gateway Standard"),
        ("800-00555-r03", "IQ Gateway"),
        ("", "IQ Gateway"),
    ],
)
async def test_device(hass: HomeAssistant, gateway: Gateway, set_up: SetUp, part_number: str, model: str) -> None:
    """The device is the gateway, as its /info says."""
    gateway.part_number = part_number
    device = _device(hass, await set_up())
    assert device.identifiers == {(DOMAIN, gateway.serial)}
    assert (device.manufacturer, device.model, device.model_id) == ("Enphase", model, part_number or None)
    assert (device.serial_number, device.sw_version) == (gateway.serial, gateway.firmware)
    assert device.configuration_url == f"https://{gateway.host}"
    assert device.name == f"IQ Gateway {gateway.serial}"
    assert device.via_device_id is None


async def test_below_the_device_of_core(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """Where core knows the gateway too, ours stands below it."""
    core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial)
    core.add_to_hass(hass)
    above = dr.async_get(hass).async_get_or_create(
        config_entry_id=core.entry_id, identifiers={(CORE_DOMAIN, gateway.serial)}
    )
    assert _device(hass, await set_up()).via_device_id == above.id


async def test_firmware_update(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """After the restart of an update the device shows the new firmware."""
    gateway.state = "refused"
    await poll(hass, freezer)
    gateway.firmware = "8.3.6086"
    gateway.state = "up"
    await poll(hass, freezer, 21)
    assert _device(hass, loaded).sw_version == "8.3.6086"


async def test_nothing_is_asked_for_nobody(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """An entry whose entities are all disabled does not poll."""
    entry = await set_up()
    registry = er.async_get(hass)
    for known in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(known.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    gateway.requests.clear()
    await poll(hass, freezer)
    assert gateway.requests == []


async def test_unload_and_remove(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """After unload nothing is asked; after removal nothing is left."""
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert loaded.state is ConfigEntryState.NOT_LOADED
    gateway.requests.clear()
    await poll(hass, freezer)
    assert gateway.requests == []
    await hass.config_entries.async_remove(loaded.entry_id)
    assert er.async_get(hass).entities.get_entries_for_config_entry_id(loaded.entry_id) == []
    assert dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id) == []
