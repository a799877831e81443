"""Home Assistants for scripts/bench: temporary ones, with entries of ours."""

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

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_TOKEN, UPDATE_INTERVAL
from custom_components.enphase_secctrl.coordinator import SecctrlConfigEntry, SecctrlCoordinator
from scripts.bench_gateways import Reach
from scripts.hass import RunError
from tests.conftest import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def home(*, all_enabled: bool = False) -> AsyncIterator[HomeAssistant]:
    """Give a Home Assistant with nothing in it; `all_enabled` is its own switch for every entity."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True))
        # Its own resolver asks the whole local network
        stack.enter_context(patch.object(aiohttp_client, "_async_make_resolver", lambda _: Names({})))
        if all_enabled:
            stack.enter_context(patch.object(Entity, "entity_registry_enabled_default", True))
        hass = await stack.enter_async_context(async_test_home_assistant(config_dir=folder))
        stack.push_async_callback(hass.async_stop, force=True)
        del hass.data[DATA_CUSTOM_COMPONENTS]
        yield hass


def entry_for(hass: HomeAssistant, gateway: Reach, interval: int = UPDATE_INTERVAL) -> SecctrlConfigEntry:
    """Return an entry for the gateway, added but not set up."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=gateway["serial"],
        data={CONF_HOST: gateway["host"], CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: gateway["token"]},
        options={CONF_SCAN_INTERVAL: interval},
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Set the entry up to its last entity; raises RunError."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        msg = f"bench: an entry of {entry.domain} is {entry.state}: {entry.reason}"
        raise RunError(msg)


async def coordinator_of(hass: HomeAssistant, gateway: Reach, interval: int = UPDATE_INTERVAL) -> SecctrlCoordinator:
    """Return the coordinator of a new entry for the gateway."""
    entry = entry_for(hass, gateway, interval)
    await set_up(hass, entry)
    return entry.runtime_data
