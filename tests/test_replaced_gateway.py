"""A gateway that was replaced: reconfigure moves the entry to the new serial number, after a confirmation."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_SCAN_INTERVAL, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_CLOUD, SIGN_IN_TOKEN
from tests.emulator import Cloud, Gateway
from tests.entity_states import entity_states
from tests.flow_manager import aborts, select_option, shows_form, start_flow, submit_form
from tests.polling import poll

NEW_SERIAL = "122300000009"


@pytest.fixture
def replaced(gateway: Gateway, loaded_entry: MockConfigEntry) -> Gateway:
    """A gateway with a new serial number, at the address of the entry's old one."""
    gateway.serial = NEW_SERIAL
    gateway.clear_sessions()
    return gateway


def entity_ids(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    """Return {key: entity ID}."""
    known = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {entity.unique_id.partition("_")[2]: entity.entity_id for entity in known}


async def test_move(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, replaced: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """Entities, their IDs and settings, the device, and the options are kept."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    hass.config_entries.async_update_entry(loaded_entry, options={CONF_SCAN_INTERVAL: 20})
    before = entity_ids(hass, loaded_entry)
    registry.async_update_entity(before["agg_soc"], name="House battery")
    (device,) = dr.async_entries_for_config_entry(devices, loaded_entry.entry_id)

    flow = await start_flow(hass, "reconfigure", loaded_entry.entry_id)
    flow = await submit_form(hass, flow, host=replaced.host)
    assert shows_form(flow, "replaced")
    assert flow["description_placeholders"]
    assert flow["description_placeholders"]["serial"] == NEW_SERIAL
    flow = await submit_form(hass, flow, replaced=True)
    flow = await submit_form(hass, await select_option(hass, flow, "token"), token=replaced.token())
    assert aborts(flow, "reconfigure_successful")
    await hass.async_block_till_done()

    assert loaded_entry.state is ConfigEntryState.LOADED
    assert (loaded_entry.unique_id, loaded_entry.title) == (NEW_SERIAL, f"IQ Gateway {NEW_SERIAL}")
    assert loaded_entry.options == {CONF_SCAN_INTERVAL: 20}
    assert entity_ids(hass, loaded_entry) == before
    known = er.async_entries_for_config_entry(registry, loaded_entry.entry_id)
    assert {entity.unique_id.partition("_")[0] for entity in known} == {NEW_SERIAL}
    assert hass.states.get(before["agg_soc"])
    (moved,) = dr.async_entries_for_config_entry(devices, loaded_entry.entry_id)
    assert (moved.id, moved.identifiers, moved.serial_number) == (device.id, {(DOMAIN, NEW_SERIAL)}, NEW_SERIAL)
    replaced.payload["agg_soc"] = 77
    await poll(hass, freezer, 21)
    assert entity_states(hass, loaded_entry)["agg_soc"] == "77"


async def test_not_confirmed(hass: HomeAssistant, loaded_entry: MockConfigEntry, replaced: Gateway) -> None:
    """Without the confirmation nothing changes."""
    flow = await start_flow(hass, "reconfigure", loaded_entry.entry_id)
    flow = await submit_form(hass, flow, host=replaced.host)
    flow = await submit_form(hass, flow, replaced=False)
    assert shows_form(flow, "replaced", "wrong_gateway")
    assert loaded_entry.unique_id != NEW_SERIAL


async def test_poll_reports_it(
    hass: HomeAssistant, loaded_entry: MockConfigEntry, replaced: Gateway, freezer: FrozenDateTimeFactory
) -> None:
    """A poll never moves the entry: it fails, says what can be done, and sends no token to the new gateway."""
    await replaced.pause()
    await poll(hass, freezer)
    await replaced.resume()
    replaced.requests.clear()
    await poll(hass, freezer, 21)
    assert loaded_entry.runtime_data.last_exception.translation_key == "wrong_gateway"
    assert [request.path for request in replaced.requests] == ["/info"]


async def test_reauth_does_not_offer_it(hass: HomeAssistant, loaded_entry: MockConfigEntry, replaced: Gateway) -> None:
    """Signing in again never moves the entry."""
    flow = await start_flow(hass, "reauth", loaded_entry.entry_id)
    assert shows_form(await submit_form(hass, flow, host=replaced.host), "reauth_confirm", "wrong_gateway")


async def test_gateway_of_another_entry(hass: HomeAssistant, loaded_entry: MockConfigEntry, replaced: Gateway) -> None:
    """An entry isn't moved to a gateway that has an entry of its own."""
    MockConfigEntry(domain=DOMAIN, unique_id=NEW_SERIAL).add_to_hass(hass)
    flow = await start_flow(hass, "reconfigure", loaded_entry.entry_id)
    assert aborts(await submit_form(hass, flow, host=replaced.host), "already_configured")


async def test_keep_the_account(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, entry: MockConfigEntry) -> None:
    """The same account gets a token for the new gateway."""
    cloud.add_account("owner@example.com", "secret", serials=(gateway.serial, NEW_SERIAL))
    data = {
        CONF_HOST: gateway.host,
        CONF_SIGN_IN: SIGN_IN_CLOUD,
        CONF_TOKEN: gateway.token(),
        "username": "owner@example.com",
        "password": "secret",
    }
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data=data)
    assert await hass.config_entries.async_setup(entry.entry_id)
    gateway.serial = NEW_SERIAL
    gateway.clear_sessions()
    flow = await start_flow(hass, "reconfigure", entry.entry_id)
    flow = await submit_form(hass, await submit_form(hass, flow, host=gateway.host), replaced=True)
    assert aborts(await select_option(hass, flow, "keep"), "reconfigure_successful")
    await hass.async_block_till_done()
    assert (entry.state, entry.unique_id) == (ConfigEntryState.LOADED, NEW_SERIAL)
    assert (entry.data[CONF_SIGN_IN], entry.data["password"]) == (SIGN_IN_CLOUD, "secret")
    assert entry.data[CONF_SIGN_IN] != SIGN_IN_TOKEN
