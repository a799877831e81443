"""Entries for the fault matrix."""

import json
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import (
    CONF_CERTIFICATE,
    CONF_SIGN_IN,
    DOMAIN,
    SIGN_IN_CLOUD,
    SIGN_IN_TOKEN,
)
from tests.emulator import Gateway
from tests.entity_states import EntityValues, entity_values, values_match
from tests.oracle import Expected, expected

DAY: Final = 86400.0
ACCOUNT: Final = {CONF_USERNAME: "owner@example.com", CONF_PASSWORD: "secret"}


def add_entry(
    hass: HomeAssistant, gateway: Gateway, *, pinned: bool = False, account: bool = False, lifetime: float = 365 * DAY
) -> MockConfigEntry:
    """Add an entry, with an account or a pasted token, that isn't set up yet. The lifetime is in seconds."""
    sign_in = {CONF_SIGN_IN: SIGN_IN_CLOUD, **ACCOUNT} if account else {CONF_SIGN_IN: SIGN_IN_TOKEN}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=f"IQ Gateway {gateway.serial}",
        unique_id=gateway.serial,
        data={CONF_HOST: gateway.host, CONF_TOKEN: gateway.token(lifetime=lifetime), **sign_in},
        options={CONF_CERTIFICATE: gateway.fingerprint.hex()} if pinned else {},
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up the entry, whether it succeeds or not."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def set_up_without_faults(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> EntityValues:
    """Set up the entry and return the values of its entities."""
    await set_up(hass, entry)
    values = entity_values(hass, entry)
    assert values_match(values, expected_values(gateway))
    gateway.requests.clear()
    return values


def expected_values(gateway: Gateway) -> dict[str, Expected]:
    """Return the values of the gateway's current response, according to the oracle."""
    return expected(json.loads(gateway.secctrl_body()))


def has_current_values(hass: HomeAssistant, entry: ConfigEntry[Any], gateway: Gateway) -> bool:
    """Return whether the entities have the current values, and those that aren't reported anymore are unknown."""
    values = entity_values(hass, entry)
    return values_match(values, dict.fromkeys(values, None) | expected_values(gateway))


def error_key(entry: MockConfigEntry) -> str | None:
    """Return the translation key of the last error of a running entry."""
    err = entry.runtime_data.last_exception
    assert isinstance(err, HomeAssistantError)
    return err.translation_key
