"""The wall clock is changed: only an expiry may be compared with it, times are measured on the monotonic clock."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import (
    CONF_CORE_ENTRY,
    CONF_SIGN_IN,
    CORE_DOMAIN,
    DOMAIN,
    SIGN_IN_CLOUD,
    SIGN_IN_EXISTING,
)
from tests.clocks import SetClock, settable_clock
from tests.emulator import Cloud, Gateway, Status
from tests.entity_states import entity_states
from tests.flow_manager import reauth_flows
from tests.issues import issue_keys
from tests.polling import fail_until_unavailable, poll

DAY = 86400.0
YEAR = 365 * DAY
LOGIN = "/login/login.json"


@pytest.fixture
def entry(gateway: Gateway) -> MockConfigEntry:
    """An entry with an account, not yet added to Home Assistant."""
    account = {CONF_USERNAME: "owner@example.com", CONF_PASSWORD: "secret"}
    data = {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_CLOUD, CONF_TOKEN: gateway.token(), **account}
    return MockConfigEntry(domain=DOMAIN, unique_id=gateway.serial, data=data)


@pytest.fixture
def set_clock(freezer: FrozenDateTimeFactory, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """A function that sets the wall clock of Home Assistant forward or back by some seconds."""
    return settable_clock(freezer, monkeypatch, gateway)


async def test_clock_was_a_year_ahead(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    set_clock: SetClock,
) -> None:
    """After the clock was a year ahead, no renewal is paused for longer than an hour, and no issue remains."""
    set_clock(YEAR)
    cloud.inject(LOGIN, Status(503))
    await poll(hass, freezer)
    await poll(hass, freezer)
    assert len(cloud.requests) == 1
    assert issue_keys(hass) == ["token_ends"]
    set_clock(-YEAR)
    cloud.clear_faults()
    await poll(hass, freezer)
    assert issue_keys(hass) == []
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await poll(hass, freezer, 3600)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])


@pytest.mark.parametrize("seconds", [YEAR, -YEAR, 3600, -3600])
async def test_clock_is_changed_during_an_outage(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    set_clock: SetClock,
    seconds: float,
) -> None:
    """A change of the clock neither ends the grace period of an outage nor prolongs it."""
    hass.config_entries.async_update_entry(
        loaded_entry, data={**loaded_entry.data, CONF_TOKEN: gateway.token(lifetime=4 * YEAR)}
    )
    gateway.state = "refused"
    for _ in range(2):
        await poll(hass, freezer, 20)
    set_clock(seconds)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    await fail_until_unavailable(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == "unavailable"
    gateway.state = "up"
    await poll(hass, freezer, 61)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])


@pytest.mark.parametrize("seconds", [-YEAR, -3600])
async def test_clock_is_changed_during_a_rejection(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    set_clock: SetClock,
    seconds: float,
) -> None:
    """A change of the clock doesn't prolong the time after which the rejection of a token is final."""
    hass.config_entries.async_update_entry(
        loaded_entry, data={key: loaded_entry.data[key] for key in (CONF_HOST, CONF_SIGN_IN, CONF_TOKEN)}
    )
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    await poll(hass, freezer)
    set_clock(seconds)
    for _ in range(4):
        await poll(hass, freezer, 61)
        assert reauth_flows(hass) == []
    await poll(hass, freezer, 61)
    assert len(reauth_flows(hass)) == 1


async def test_core_renews_while_the_clock_is_ahead(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, set_clock: SetClock
) -> None:
    """A new token of Enphase Envoy ends an outage, even if it seems to have expired because the clock is ahead."""
    core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial, data={CONF_TOKEN: gateway.token()})
    core.add_to_hass(hass)
    data = {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_EXISTING, CONF_CORE_ENTRY: core.entry_id}
    entry = MockConfigEntry(domain=DOMAIN, unique_id=gateway.serial, data=data)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    set_clock(YEAR)
    gateway.revoke(core.data[CONF_TOKEN])
    await poll(hass, freezer)
    assert entity_states(hass, entry)["agg_soc"] == "unavailable"
    assert len(reauth_flows(hass)) == 1
    hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token()})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entity_states(hass, entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert reauth_flows(hass) == []
