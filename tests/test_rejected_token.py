"""Rejections that pass: gateways reject valid tokens while they restart, and the cloud blocks accounts for a while."""

import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
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
from tests.conftest import SetUp
from tests.emulator import Cloud, Fault, Gateway, LoginResponse, Status
from tests.entity_states import entity_states
from tests.faults import CallFirst
from tests.flow_manager import aborts, reauth_flows, select_option, start_flow, submit_form
from tests.issues import issue_keys
from tests.logs import log_levels
from tests.polling import fail_until_unavailable, poll, reject_until_final

INFO = "/info"
SECCTRL = "/ivp/ensemble/secctrl"
CHECK_JWT = "/auth/check_jwt"
LOGIN = "/login/login.json"
HOUR = 3600.0


def reject(gateway: Gateway) -> None:
    """Reject every token, as while the gateway restarts its services."""
    gateway.clear_sessions()
    gateway.inject(SECCTRL, Status(401))
    gateway.inject(CHECK_JWT, Status(401))


def error_key(entry: MockConfigEntry) -> str | None:
    """Return the translation key of the last error of a running entry."""
    err = entry.runtime_data.last_exception
    assert isinstance(err, HomeAssistantError)
    return err.translation_key


def shows_values(hass: HomeAssistant, entry: MockConfigEntry, gateway: Gateway) -> bool:
    """Return whether the entities show the current values of the gateway."""
    return entity_states(hass, entry)["agg_soc"] == str(gateway.payload["agg_soc"])


# --- The gateway


async def test_nightly_rejection(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If the gateway rejects the token for a minute, the values stay, and one error is logged."""
    reject(gateway)
    for seconds in (10, 20, 29):
        await poll(hass, freezer, seconds)
        assert error_key(loaded_entry) == "token_rejected"
        assert shows_values(hass, loaded_entry, gateway)
        assert (reauth_flows(hass), issue_keys(hass)) == ([], [])
    gateway.clear_faults()
    gateway.payload["agg_soc"] = 99
    await poll(hass, freezer, 61)
    assert shows_values(hass, loaded_entry, gateway)
    assert log_levels(caplog) == [logging.ERROR, logging.INFO]
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])


async def test_final_rejection(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The rejection of an unexpired token is final after five minutes; meanwhile the gateway counts as unreachable."""
    reject(gateway)
    await poll(hass, freezer)
    for _ in range(4):
        await poll(hass, freezer, 61)
        assert error_key(loaded_entry) == "token_rejected"
        assert reauth_flows(hass) == []
    assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
    await poll(hass, freezer, 61)
    assert error_key(loaded_entry) == "invalid_auth"
    assert len(reauth_flows(hass)) == 1
    gateway.requests.clear()
    await poll(hass, freezer, 600)
    assert gateway.requests == []


async def test_final_rejection_takes_three_polls(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """With a long interval, the rejection of an unexpired token is final in the third poll."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"scan_interval": 300})
    await set_up()
    reject(gateway)
    for _ in range(2):
        await poll(hass, freezer, 301)
        assert error_key(entry) == "token_rejected"
    await poll(hass, freezer, 301)
    assert error_key(entry) == "invalid_auth"


async def test_rejections_with_a_success_in_between(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A successful poll in between means that a rejection isn't final."""
    for _ in range(4):
        reject(gateway)
        for _ in range(3):
            await poll(hass, freezer, 61)
            assert error_key(loaded_entry) == "token_rejected"
        gateway.clear_faults()
        await poll(hass, freezer, 61)
    assert shows_values(hass, loaded_entry, gateway)
    assert reauth_flows(hass) == []


async def test_expired_token(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """The rejection of an expired token is final at once."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKEN: gateway.token(lifetime=15)})
    await set_up()
    gateway.clear_sessions()
    await poll(hass, freezer, 21)
    assert error_key(entry) == "invalid_auth"
    assert len(reauth_flows(hass)) == 1


async def test_setup_retries(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, set_up: SetUp, freezer: FrozenDateTimeFactory
) -> None:
    """Rejections are counted across the retries of a setup."""
    reject(gateway)
    await set_up()
    for _ in range(3):
        assert (entry.state, entry.error_reason_translation_key) == (ConfigEntryState.SETUP_RETRY, "token_rejected")
        assert reauth_flows(hass) == []
        await poll(hass, freezer, 101)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(reauth_flows(hass)) == 1


@pytest.mark.parametrize("error", [404, 502])
async def test_good_poll_closes_reauth(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    error: int,
) -> None:
    """A successful poll closes the reauth flow, whatever the last error was."""
    reject(gateway)
    await reject_until_final(hass, freezer)
    assert len(reauth_flows(hass)) == 1
    gateway.clear_faults()
    gateway.inject(SECCTRL, Status(error), times=1)
    await loaded_entry.runtime_data.async_refresh()
    assert len(reauth_flows(hass)) == 1
    gateway.clear_faults()
    await loaded_entry.runtime_data.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shows_values(hass, loaded_entry, gateway)
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])


# --- The cloud


@pytest.fixture
def account_entry(gateway: Gateway) -> MockConfigEntry:
    """An entry with an account, not yet added to Home Assistant."""
    return MockConfigEntry(
        domain=DOMAIN,
        unique_id=gateway.serial,
        data={
            CONF_HOST: gateway.host,
            CONF_SIGN_IN: SIGN_IN_CLOUD,
            CONF_TOKEN: gateway.token(),
            CONF_USERNAME: "owner@example.com",
            CONF_PASSWORD: "secret",
        },
    )


@pytest.mark.parametrize(
    ("response", "faults", "error"),
    [
        ("blocked", (), "account_blocked"),
        ("login_form", (), "account_blocked"),
        ("too_many", (), "too_many_sessions"),
        ("ok", (Status(400),), "cloud_unavailable"),
        ("ok", (Status(503),), "cloud_unavailable"),
    ],
    ids=["blocked", "login_form", "too_many", "400", "503"],
)
async def test_renewal_later(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    account_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    response: LoginResponse,
    faults: tuple[Fault, ...],
    error: str,
) -> None:
    """A block of a day or an outage of the cloud is waited for, with one sign-in an hour and no reauth flow."""
    account_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(account_entry.entry_id)
    gateway.revoke(account_entry.data[CONF_TOKEN])
    cloud.login_response = response
    cloud.inject(LOGIN, *faults)
    await poll(hass, freezer)
    assert error_key(account_entry) == error
    await fail_until_unavailable(hass, freezer)
    assert error_key(account_entry) == "renewal_paused"
    assert len(cloud.requests) == 1
    for _ in range(24):
        await poll(hass, freezer, HOUR + 1)
        assert (reauth_flows(hass), error_key(account_entry)) == ([], error)
    assert len(cloud.requests) == 25
    cloud.clear_faults()
    cloud.login_response = "ok"
    await poll(hass, freezer, HOUR + 1)
    assert shows_values(hass, account_entry, gateway)
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])


# --- The token of Enphase Envoy


@pytest.fixture
def core(hass: HomeAssistant, gateway: Gateway) -> MockConfigEntry:
    """The Enphase Envoy entry of the same gateway."""
    core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial, data={CONF_TOKEN: gateway.token()})
    core.add_to_hass(hass)
    return core


@pytest.fixture
async def shared_entry(hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry) -> MockConfigEntry:
    """An entry that uses the token of the Enphase Envoy entry, set up and loaded."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=gateway.serial,
        data={CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_EXISTING, CONF_CORE_ENTRY: core.entry_id},
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


@pytest.mark.parametrize("path", [INFO, SECCTRL, CHECK_JWT])
async def test_core_renews_during_a_rejected_poll(
    hass: HomeAssistant,
    gateway: Gateway,
    core: MockConfigEntry,
    shared_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    path: str,
) -> None:
    """A token that Enphase Envoy renews while its old one is being rejected is used in the same poll."""
    token = gateway.token(lifetime=HOUR)
    gateway.revoke(core.data[CONF_TOKEN])
    renew = CallFirst(lambda: hass.config_entries.async_update_entry(core, data={CONF_TOKEN: token}))
    gateway.inject(path, renew, times=1)
    gateway.payload["agg_soc"] = 99
    gateway.requests.clear()
    await poll(hass, freezer)
    assert path in {request.path for request in gateway.requests}
    assert core.data[CONF_TOKEN] == token
    assert shows_values(hass, shared_entry, gateway)
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])


async def test_core_stays_in_retry(
    hass: HomeAssistant,
    gateway: Gateway,
    core: MockConfigEntry,
    shared_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """If Enphase Envoy can't be set up for an hour, the rejection of its token is judged like that of any other."""
    core.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    gateway.revoke(core.data[CONF_TOKEN])
    await poll(hass, freezer)
    for _ in range(50):
        await poll(hass, freezer, 70)
        assert error_key(shared_entry) == "core_not_ready"
    assert reauth_flows(hass) == []
    await poll(hass, freezer, 200)
    assert error_key(shared_entry) == "token_rejected"
    await reject_until_final(hass, freezer)
    assert len(reauth_flows(hass)) == 1
    hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=HOUR)})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shows_values(hass, shared_entry, gateway)
    assert reauth_flows(hass) == []


async def test_core_stays_in_retry_during_setup(
    hass: HomeAssistant,
    gateway: Gateway,
    core: MockConfigEntry,
    shared_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The hour is counted across the retries of a setup, and begins again after a successful poll."""
    for _ in range(2):
        token = core.data[CONF_TOKEN]
        core.mock_state(hass, ConfigEntryState.SETUP_RETRY)
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: "damaged"})
        await hass.config_entries.async_reload(shared_entry.entry_id)
        for _ in range(5):
            await poll(hass, freezer, 601)
            assert shared_entry.error_reason_translation_key == "core_not_ready"
        assert reauth_flows(hass) == []
        await poll(hass, freezer, 601)
        assert shared_entry.state.value == "setup_error"
        assert len(reauth_flows(hass)) == 1
        core.mock_state(hass, ConfigEntryState.LOADED)
        hass.config_entries.async_update_entry(core, data={CONF_TOKEN: token})
        await hass.async_block_till_done(wait_background_tasks=True)
        assert shared_entry.state is ConfigEntryState.LOADED
        assert reauth_flows(hass) == []


async def test_core_is_disabled(
    hass: HomeAssistant,
    gateway: Gateway,
    core: MockConfigEntry,
    shared_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A disabled Enphase Envoy entry isn't waited for."""
    await hass.config_entries.async_set_disabled_by(core.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.revoke(core.data[CONF_TOKEN])
    await poll(hass, freezer)
    assert error_key(shared_entry) == "token_rejected"
    await reject_until_final(hass, freezer)
    assert len(reauth_flows(hass)) == 1


@pytest.mark.parametrize("is_reloaded", [False, True])
@pytest.mark.parametrize("signs_in", [False, True])
async def test_rejected_while_a_reconfigure_flow_is_open(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    is_reloaded: bool,
    signs_in: bool,
) -> None:
    """When the reconfigure flow is closed, a reauth flow starts, unless the user has signed in."""
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    flow = await start_flow(hass, SOURCE_RECONFIGURE, loaded_entry.entry_id)
    await reject_until_final(hass, freezer)
    if is_reloaded:
        await hass.config_entries.async_reload(loaded_entry.entry_id)
        assert loaded_entry.state is ConfigEntryState.SETUP_ERROR
    assert reauth_flows(hass) == []
    if signs_in:
        flow = await select_option(hass, await submit_form(hass, flow, host=gateway.host), "token")
        assert aborts(await submit_form(hass, flow, token=gateway.token()), "reconfigure_successful")
    else:
        hass.config_entries.flow.async_abort(flow["flow_id"])
        await hass.async_block_till_done()
    assert len(reauth_flows(hass)) == (0 if signs_in else 1)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shows_values(hass, loaded_entry, gateway) is signs_in


@pytest.mark.usefixtures("gateway")
async def test_closed_reconfigure_flow(hass: HomeAssistant, loaded_entry: MockConfigEntry) -> None:
    """A closed reconfigure flow of an entry that works, or isn't loaded, starts no reauth flow."""
    for _ in range(2):
        flow = await start_flow(hass, SOURCE_RECONFIGURE, loaded_entry.entry_id)
        hass.config_entries.flow.async_abort(flow["flow_id"])
        await hass.async_block_till_done()
        assert reauth_flows(hass) == []
        await hass.config_entries.async_unload(loaded_entry.entry_id)


async def test_reauth_without_a_reason(
    hass: HomeAssistant, shared_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A reauth flow of an entry that works is closed by its next poll."""
    await start_flow(hass, SOURCE_REAUTH, shared_entry.entry_id)
    await poll(hass, freezer)
    assert reauth_flows(hass) == []
