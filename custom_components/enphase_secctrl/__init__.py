"""Enphase SecCtrl: reads the battery system's state and biases locally from an IQ Gateway."""

from functools import partial
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from .const import CONF_CORE_ENTRY, DOMAIN
from .coordinator import SecctrlConfigEntry, SecctrlCoordinator
from .dashboard import async_serve_strategy, update_strategy
from .issues import delete_issues
from .rare_states import forget_rare_reports
from .token_history import clear_token_history

_NEEDS_RELOAD: Final = (ConfigEntryState.SETUP_ERROR, ConfigEntryState.SETUP_IN_PROGRESS)
"""The states in which the token of Enphase Envoy was rejected, or is perhaps being rejected right now."""

PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.SENSOR]

CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Serve the dashboard strategy, and watch our entries and those of Enphase Envoy.

    Home Assistant has no narrower signal: entries that aren't loaded can't watch anything, and an update listener
    on an Enphase Envoy entry would change how that entry reloads.
    """
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, partial(_entry_changed, hass))
    await async_serve_strategy(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: SecctrlConfigEntry) -> bool:
    """Set up one gateway."""
    update_strategy(hass)
    coordinator = SecctrlCoordinator(hass, entry)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: SecctrlConfigEntry) -> bool:
    """Unload one gateway."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: SecctrlConfigEntry) -> None:
    """Remove everything that belongs to the entry; Home Assistant itself only closes reauth flows."""
    for flow in entry.async_get_active_flows(hass, {SOURCE_RECONFIGURE}):
        hass.config_entries.flow.async_abort(flow["flow_id"])
    for dialog in hass.config_entries.options.async_progress_by_handler(entry.entry_id):
        hass.config_entries.options.async_abort(dialog["flow_id"])
    delete_issues(hass, entry)
    clear_token_history(hass, entry)
    forget_rare_reports(hass, entry)
    update_strategy(hass)


@callback
def _entry_changed(hass: HomeAssistant, change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
    """Delete the issues of a disabled entry of ours; pass on changes of an Enphase Envoy entry."""
    if entry.domain == DOMAIN and entry.disabled_by:
        delete_issues(hass, entry)
    for ours in hass.config_entries.async_entries(DOMAIN):
        if ours.data.get(CONF_CORE_ENTRY) == entry.entry_id:
            _core_entry_changed(hass, change, ours)


@callback
def _core_entry_changed(hass: HomeAssistant, change: ConfigEntryChange, entry: SecctrlConfigEntry) -> None:
    """Let an entry of ours use the new token of the Enphase Envoy entry whose sign-in it shares."""
    if entry.state is ConfigEntryState.LOADED:
        entry.runtime_data.core_entry_changed()
    elif entry.state in _NEEDS_RELOAD and change is ConfigEntryChange.UPDATED:
        hass.config_entries.async_schedule_reload(entry.entry_id)
