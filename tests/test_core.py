"""Beside core's own integration: its real config entry, in the same Home Assistant, on the same gateway."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CORE_DOMAIN, DOMAIN
from tests.flows import answer, begin, choose, is_made
from tests.gateway import Cloud, Gateway
from tests.shown import poll, states
from tests.test_sign_in import reauths


@pytest.fixture
async def core(hass: HomeAssistant, gateway: Gateway) -> MockConfigEntry:
    """Core's entry, set up by core's own code against the gateway."""
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
    await hass.async_block_till_done()
    return core


async def test_side_by_side(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, core: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Our entry leans on core's: set up, through its reload and its new token, until it is removed."""
    assert core.state is ConfigEntryState.LOADED
    flow = await choose(hass, await answer(hass, await begin(hass), host=gateway.host), "existing")
    assert is_made(flow)
    await hass.async_block_till_done()
    (ours,) = hass.config_entries.async_loaded_entries(DOMAIN)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), ours.entry_id)
    above = dr.async_get(hass).async_get_device_by_identifier((CORE_DOMAIN, gateway.serial), core.entry_id)
    assert above
    assert device.via_device_id == above.id

    # What core writes when it has renewed its token (its library asks the cloud on a connector of its own)
    old = core.data[CONF_TOKEN]
    hass.config_entries.async_update_entry(core, data={**core.data, CONF_TOKEN: gateway.token()})
    gateway.revoke(old)
    assert await hass.config_entries.async_reload(core.entry_id)
    await hass.async_block_till_done()
    await poll(hass, freezer)
    assert states(hass, ours)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert cloud.requests == []
    assert reauths(hass) == []

    await hass.config_entries.async_remove(core.entry_id)
    await hass.async_block_till_done()
    assert len(reauths(hass)) == 1
