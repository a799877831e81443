"""Enphase SecCtrl: the battery system's state and biases, read locally from an IQ Gateway."""

from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from .coordinator import SecctrlConfigEntry, SecctrlCoordinator
from .issues import settle
from .sign_in import forget_renewals

PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.SENSOR]


async def async_setup_entry(hass: HomeAssistant, entry: SecctrlConfigEntry) -> bool:
    """Set up one gateway."""
    coordinator = SecctrlCoordinator(hass, entry)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: SecctrlConfigEntry) -> bool:
    """Unload one gateway."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: SecctrlConfigEntry) -> None:
    """Leave nothing behind."""
    settle(hass, entry)
    forget_renewals(hass, entry)
