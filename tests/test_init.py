"""An entry's life: damaged and refused tokens, and several of them side by side. Older versions: test_upgrade.py."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_TOKEN, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_TOKEN
from tests.gateway import Gateway
from tests.shown import outlast, poll, states
from tests.test_sign_in import reauths


async def test_damaged_token(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """A token that is none is the user's matter, and nothing is sent."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKEN: "damaged"})
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(reauths(hass)) == 1
    assert gateway.requests == []


async def test_refused_token(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A pasted token that is refused cannot be renewed: the user is asked, and polling ends."""
    gateway.revoke(loaded.data[CONF_TOKEN])
    await poll(hass, freezer)
    assert states(hass, loaded)["agg_soc"] == STATE_UNAVAILABLE
    assert len(reauths(hass)) == 1
    gateway.requests.clear()
    await poll(hass, freezer)
    assert gateway.requests == []


async def test_several(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Each gateway has its own entry, token and values; the failure of one is not the other's."""
    other = Gateway(scenario="8.3_full", serial="122300000002")
    await other.start()
    kept = {CONF_HOST: other.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: other.token()}
    second = MockConfigEntry(domain=DOMAIN, unique_id=other.serial, data=kept)
    second.add_to_hass(hass)
    await hass.config_entries.async_setup(second.entry_id)
    gateway.state = "refused"
    await outlast(hass, freezer)
    assert states(hass, loaded)["agg_soc"] == STATE_UNAVAILABLE
    assert states(hass, second)["agg_soc"] == "100"
    assert {request.path for request in other.requests} == {"/info", "/ivp/ensemble/secctrl"}
    await hass.config_entries.async_unload(second.entry_id)
    await other.stop()
