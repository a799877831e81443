"""Enphase SecCtrl: the battery system's state and biases, read locally from an IQ Gateway."""

from functools import partial
from typing import Final

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .coordinator import SecctrlConfigEntry, SecctrlCoordinator
from .issues import settle, settle_disabled
from .sign_in import forget_renewals, retry_shared

PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.SENSOR]


CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Watch entries, core's too, for what those of ours that are not running cannot see."""
    for follow in (retry_shared, settle_disabled):
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, partial(follow, hass))
    return True


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
