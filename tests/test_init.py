"""Setup of entries, and of several at a time."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_TOKEN, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_TOKEN
from tests.conftest import SetUp
from tests.emulator import Body, Gateway
from tests.entity_states import entity_states
from tests.flow_manager import reauth_flows
from tests.network import FakeNetwork
from tests.polling import fail_until_unavailable, poll, reject_until_final


async def test_invalid_token(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """A stored token that can't be parsed starts a reauth flow, and the gateway receives no request."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKEN: "damaged"})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(reauth_flows(hass)) == 1
    assert gateway.requests == []


async def test_rejected_token(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A pasted token that the gateway rejects for a while starts a reauth flow, and polling stops."""
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await reject_until_final(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
    assert len(reauth_flows(hass)) == 1
    gateway.requests.clear()
    await poll(hass, freezer)
    assert gateway.requests == []


async def test_two_gateways(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Each entry has its own gateway, token, and values; an outage of one doesn't affect the other."""
    other = Gateway(scenario="8.3_full", serial="122300000002")
    await other.start()
    data = {CONF_HOST: other.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: other.token()}
    second = MockConfigEntry(domain=DOMAIN, unique_id=other.serial, data=data)
    second.add_to_hass(hass)
    await hass.config_entries.async_setup(second.entry_id)
    gateway.state = "refused"
    await fail_until_unavailable(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
    assert entity_states(hass, second)["agg_soc"] == "100"
    assert {request.path for request in other.requests} == {"/info", "/ivp/ensemble/secctrl"}
    await hass.config_entries.async_unload(second.entry_id)
    await other.stop()


async def test_unexpected_response(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The reason of a failed setup describes the response."""
    gateway.inject("/ivp/ensemble/secctrl", Body(b"<html></html>"))
    entry = await set_up()
    assert entry.state.value == "setup_retry"
    assert entry.error_reason_translation_placeholders == {"answer": "HTML"}
    assert "(HTML)" in str(entry.reason)
    gateway.clear_faults()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_cookie(
    hass: HomeAssistant,
    gateway: Gateway,
    network: FakeNetwork,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The session cookie isn't sent with the requests of `/info`, even if the host is a hostname."""
    network.ports["envoy.local"] = (gateway.port,)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: "envoy.local"})
    await hass.config_entries.async_setup(entry.entry_id)
    await poll(hass, freezer)
    gateway.state = "refused"
    await poll(hass, freezer)
    gateway.state = "up"
    await poll(hass, freezer, 21)
    requests = [(request.path, request.cookie) for request in gateway.requests]
    assert requests == [
        ("/info", False),
        ("/ivp/ensemble/secctrl", False),
        ("/ivp/ensemble/secctrl", True),
        ("/info", False),
        ("/ivp/ensemble/secctrl", True),
    ]


async def test_unload_and_remove(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Unloading stops the polls; removing the entry removes its device and entities."""
    assert await hass.config_entries.async_unload(loaded_entry.entry_id)
    assert loaded_entry.state is ConfigEntryState.NOT_LOADED
    gateway.requests.clear()
    await poll(hass, freezer)
    assert gateway.requests == []
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    assert er.async_get(hass).entities.get_entries_for_config_entry_id(loaded_entry.entry_id) == []
    assert dr.async_entries_for_config_entry(dr.async_get(hass), loaded_entry.entry_id) == []
