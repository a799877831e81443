"""Temporary Home Assistants in this process, with config entries of the integration."""

from contextlib import AsyncExitStack, asynccontextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_SCAN_INTERVAL, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import aiohttp_client
from homeassistant.helpers.entity import Entity
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_test_home_assistant,
)

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DEFAULT_UPDATE_INTERVAL, DOMAIN, SIGN_IN_TOKEN
from custom_components.enphase_secctrl.coordinator import SecctrlConfigEntry, SecctrlCoordinator
from scripts.lib.process import RunError
from tests.benchmarks.gateways import GatewayState
from tests.network import FakeResolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def home_assistant(*, all_enabled: bool = False) -> AsyncIterator[HomeAssistant]:
    """Run an empty Home Assistant; with `all_enabled`, all entities are enabled by default."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True))
        # Its own resolver sends multicast queries to the local network
        stack.enter_context(patch.object(aiohttp_client, "_async_make_resolver", lambda _: FakeResolver({})))
        if all_enabled:
            stack.enter_context(patch.object(Entity, "entity_registry_enabled_default", True))
        hass = await stack.enter_async_context(async_test_home_assistant(config_dir=folder))
        stack.push_async_callback(hass.async_stop, force=True)
        del hass.data[DATA_CUSTOM_COMPONENTS]
        yield hass


def add_entry(
    hass: HomeAssistant, gateway: GatewayState, interval: int = DEFAULT_UPDATE_INTERVAL
) -> SecctrlConfigEntry:
    """Return a new config entry for the gateway, not yet set up."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=gateway["serial"],
        data={CONF_HOST: gateway["host"], CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway["token"]},
        options={CONF_SCAN_INTERVAL: interval},
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Set up the config entry with all of its entities; raises RunError."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        msg = f"bench: a config entry of {entry.domain} is {entry.state}: {entry.reason}"
        raise RunError(msg)


async def set_up_coordinator(
    hass: HomeAssistant, gateway: GatewayState, interval: int = DEFAULT_UPDATE_INTERVAL
) -> SecctrlCoordinator:
    """Set up a new config entry for the gateway; return its coordinator."""
    entry = add_entry(hass, gateway, interval)
    await set_up(hass, entry)
    return entry.runtime_data
