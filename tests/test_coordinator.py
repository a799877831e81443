"""The coordinator: requests of a poll, and the device of the entry."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CORE_DOMAIN, DOMAIN
from tests.conftest import SetUp
from tests.emulator import Gateway
from tests.entity_states import entity_states
from tests.polling import poll


async def test_one_request_per_poll(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A poll is one request."""
    gateway.requests.clear()
    for soc in range(10):
        gateway.payload["agg_soc"] = soc
        await poll(hass, freezer)
        assert entity_states(hass, loaded_entry)["agg_soc"] == str(soc)
    assert [request.path for request in gateway.requests] == ["/ivp/ensemble/secctrl"] * 10


async def test_all_entities_disabled(
    hass: HomeAssistant, gateway: Gateway, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """An entry without enabled entities isn't polled."""
    entry = await set_up()
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.requests.clear()
    await poll(hass, freezer)
    assert gateway.requests == []


def _device(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the only device of an entry."""
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
    """The device has the data of /info."""
    gateway.part_number = part_number
    device = _device(hass, await set_up())
    assert device.identifiers == {(DOMAIN, gateway.serial)}
    assert (device.manufacturer, device.model, device.model_id) == ("Enphase", model, part_number or None)
    assert (device.serial_number, device.sw_version) == (gateway.serial, gateway.firmware)
    assert device.configuration_url == f"https://{gateway.host}/home"
    assert device.name == f"IQ Gateway {gateway.serial}"
    assert device.via_device_id is None


async def test_via_device(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """If Enphase Envoy has a device for the gateway, this one is connected via that."""
    core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial)
    core.add_to_hass(hass)
    core_device = dr.async_get(hass).async_get_or_create(
        config_entry_id=core.entry_id, identifiers={(CORE_DOMAIN, gateway.serial)}
    )
    assert _device(hass, await set_up()).via_device_id == core_device.id


async def test_firmware_update(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """After an update of the gateway, its device shows the new firmware."""
    gateway.state = "refused"
    await poll(hass, freezer)
    gateway.firmware = "8.3.6086"
    gateway.state = "up"
    await poll(hass, freezer, 21)
    assert _device(hass, loaded_entry).sw_version == "8.3.6086"
