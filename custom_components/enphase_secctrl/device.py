"""The gateway as a device: registered, and moved to a new serial number when the gateway was replaced."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from yarl import URL

from .client import GatewayInfo
from .const import CORE_DOMAIN, DOMAIN


def register_device(hass: HomeAssistant, entry: ConfigEntry[Any], url: URL, info: GatewayInfo) -> None:
    """Register the gateway, or update it. It is a sub-device of Enphase Envoy's device, if there is one."""
    devices = dr.async_get(hass)
    identifier = (CORE_DOMAIN, info.serial)
    core = hass.config_entries.async_entry_for_domain_unique_id(*identifier)
    core_device = devices.async_get_device_by_identifier(identifier, core.entry_id) if core else None
    devices.async_get_or_create(
        config_entry_id=entry.entry_id,
        configuration_url=str(url / "home"),  # newer firmware responds to / with 404
        identifiers={(DOMAIN, info.serial)},
        manufacturer="Enphase",
        model=info.model,
        model_id=info.part_number or None,
        name=f"IQ Gateway {info.serial}",
        serial_number=info.serial,
        sw_version=info.firmware,
        via_device_id=core_device.id if core_device else None,
    )


async def move_entry(hass: HomeAssistant, entry: ConfigEntry[Any], serial: str) -> None:
    """Move the entry to the gateway that replaced the previous one; the caller reloads the entry.

    Entities, entity IDs, history, and options are kept: only the serial number in the unique IDs changes.
    """
    old_serial = str(entry.unique_id)

    @callback
    def replace_serial(entity: er.RegistryEntry) -> dict[str, Any]:
        return {"new_unique_id": f"{serial}_{entity.unique_id.removeprefix(f'{old_serial}_')}"}

    await er.async_migrate_entries(hass, entry.entry_id, replace_serial)
    devices = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        devices.async_update_device(device.id, new_identifiers={(DOMAIN, serial)})
    title = entry.title.replace(old_serial, serial)
    hass.config_entries.async_update_entry(entry, unique_id=serial, title=title)
