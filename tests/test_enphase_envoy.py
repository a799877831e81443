"""The integration beside Enphase Envoy: a real config entry of it, in the same Home Assistant, for the same gateway."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CORE_DOMAIN, DOMAIN
from tests.emulator import Cloud, Gateway
from tests.entity_states import entity_states
from tests.flow_manager import creates_entry, reauth_flows, select_option, start_flow, submit_form
from tests.polling import poll


@pytest.fixture
async def core(hass: HomeAssistant, gateway: Gateway) -> MockConfigEntry:
    """An Enphase Envoy entry, set up by Home Assistant's own integration."""
    core = MockConfigEntry(
        domain=CORE_DOMAIN,
        title=f"Envoy {gateway.serial}",
        unique_id=gateway.serial,
        data={
            CONF_HOST: gateway.host,
            CONF_NAME: f"Envoy {gateway.serial}",
            CONF_USERNAME: "owner@example.com",
            CONF_PASSWORD: "secret",
            CONF_TOKEN: gateway.token(),
        },
    )
    core.add_to_hass(hass)
    assert await hass.config_entries.async_setup(core.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return core


async def test_shared_token(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, core: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """An entry uses the token of the Enphase Envoy entry: from setup, after its renewal, and until it is removed."""
    assert core.state is ConfigEntryState.LOADED
    flow = await select_option(hass, await submit_form(hass, await start_flow(hass), host=gateway.host), "existing")
    assert creates_entry(flow)
    await hass.async_block_till_done(wait_background_tasks=True)
    (loaded_entry,) = hass.config_entries.async_loaded_entries(DOMAIN)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), loaded_entry.entry_id)
    core_device = dr.async_get(hass).async_get_device_by_identifier((CORE_DOMAIN, gateway.serial), core.entry_id)
    assert core_device
    assert device.via_device_id == core_device.id

    # What Enphase Envoy does when it has renewed its token; its library doesn't use the network of the tests
    old_token = core.data[CONF_TOKEN]
    hass.config_entries.async_update_entry(core, data={**core.data, CONF_TOKEN: gateway.token()})
    gateway.revoke(old_token)
    assert await hass.config_entries.async_reload(core.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await poll(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert cloud.requests == []
    assert reauth_flows(hass) == []

    await hass.config_entries.async_remove(core.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(reauth_flows(hass)) == 1
