"""The device of an entry: the gateway, below core's device of it where there is one."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo

from .const import CORE_DOMAIN, DOMAIN, MODELS
from .identity import Identity


def device_of(serial: str) -> DeviceInfo:
    """Return what makes an entity one of the gateway's device."""
    return DeviceInfo(identifiers={(DOMAIN, serial)})


def register_device(hass: HomeAssistant, entry: ConfigEntry, url: str, identity: Identity) -> None:
    """Register the gateway, or renew what is registered, as its `/info` says it is."""
    devices = dr.async_get(hass)
    key = (CORE_DOMAIN, identity.serial)
    core = hass.config_entries.async_entry_for_domain_unique_id(*key)
    above = devices.async_get_device_by_identifier(key, core.entry_id) if core else None
    devices.async_get_or_create(
        config_entry_id=entry.entry_id,
        configuration_url=url,
        identifiers={(DOMAIN, identity.serial)},
        manufacturer="Enphase",
        model=next((model for part, model in MODELS.items() if identity.part_number.startswith(part)), "IQ Gateway"),
        model_id=identity.part_number or None,
        name=f"IQ Gateway {identity.serial}",
        serial_number=identity.serial,
        sw_version=identity.firmware,
        via_device_id=above.id if above else None,
    )
