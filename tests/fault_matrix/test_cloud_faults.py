"""Faults of the cloud, in each situation."""

from ssl import SSLContext

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
import pytest

from custom_components.enphase_secctrl.const import DOMAIN
from tests.emulator import Cloud, Gateway
from tests.entity_states import entity_values, values_match
from tests.fault_matrix.outcomes import each_fault
from tests.flow_manager import (
    creates_entry,
    open_sign_in_menu,
    select_option,
    shows_form,
    submit_form,
)
from tests.logs import log_levels
from tests.polling import poll

from .cloud_faults import FAILING, HARMLESS, MFA_REQUIRED, CloudFault, end_faults
from .entries import (
    ACCOUNT,
    DAY,
    add_entry,
    error_key,
    expected_values,
    set_up_without_faults,
)
from .outcomes import issues_and_reauths, take_requests, unavailable

# --- A token that the gateway rejects


@each_fault("rejected", [*FAILING, MFA_REQUIRED])
async def test_rejected_token(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    ssl_context: SSLContext,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: CloudFault,
) -> None:
    """The renewal of a rejected token is retried after an hour."""
    entry, outcome = add_entry(hass, gateway, account=True), fault.outcome
    before = await set_up_without_faults(hass, entry, gateway)
    old_token = entry.data[CONF_TOKEN]
    gateway.revoke(old_token)
    fault.inject(cloud)
    errors, values = [], []
    for _ in range(3):
        await poll(hass, freezer, 61)
        errors.append(error_key(entry))
        values.append(entity_values(hass, entry))
    assert errors == [outcome.error] + [outcome.later_error or outcome.error] * 2
    assert values == [before] * 2 + [unavailable(before)]
    assert take_requests(gateway.requests) == "siciscisc"
    assert take_requests(cloud.requests) == fault.requests
    assert issues_and_reauths(hass) == outcome.issues_and_reauths
    assert entry.data[CONF_TOKEN] == old_token
    end_faults(cloud, ssl_context)
    await poll(hass, freezer, 3600)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert take_requests(cloud.requests) == "LA"
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == [*outcome.log]


@each_fault("rejected", HARMLESS)
async def test_rejected_token_harmless(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: CloudFault,
) -> None:
    """A rejected token is renewed within the same poll, by route B if necessary."""
    entry = add_entry(hass, gateway, account=True)
    await set_up_without_faults(hass, entry, gateway)
    gateway.revoke(entry.data[CONF_TOKEN])
    fault.inject(cloud)
    await poll(hass, freezer, 61)
    assert take_requests(gateway.requests) == "sicis"
    assert take_requests(cloud.requests) == fault.requests
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == []


# --- A token that expires in a day


@each_fault("expiring", [*FAILING, MFA_REQUIRED])
async def test_expiring_token(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    ssl_context: SSLContext,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: CloudFault,
) -> None:
    """The renewal of a token that expires soon is retried after an hour; there is an issue until it succeeds."""
    entry = add_entry(hass, gateway, account=True, lifetime=20 * DAY)
    before = await set_up_without_faults(hass, entry, gateway)
    old_token = entry.data[CONF_TOKEN]
    fault.inject(cloud)
    await poll(hass, freezer, 19 * DAY)
    await poll(hass, freezer)
    assert take_requests(cloud.requests) == fault.requests
    assert issues_and_reauths(hass) == (["token_ends"], 0)
    assert entity_values(hass, entry) == before
    end_faults(cloud, ssl_context)
    await poll(hass, freezer, 3600)
    await poll(hass, freezer)
    assert take_requests(cloud.requests) == "LA"
    assert entry.data[CONF_TOKEN] != old_token
    assert issues_and_reauths(hass) == ([], 0)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert log_levels(caplog) == []


@each_fault("expiring", HARMLESS)
async def test_expiring_token_harmless(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: CloudFault,
) -> None:
    """A token that expires soon is renewed, by route B if necessary."""
    entry = add_entry(hass, gateway, account=True, lifetime=20 * DAY)
    before = await set_up_without_faults(hass, entry, gateway)
    old_token = entry.data[CONF_TOKEN]
    fault.inject(cloud)
    await poll(hass, freezer, 19 * DAY)
    await poll(hass, freezer)
    assert take_requests(cloud.requests) == fault.requests
    assert entry.data[CONF_TOKEN] != old_token
    assert entity_values(hass, entry) == before
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == []


# --- Config flow


@each_fault("flow", FAILING)
async def test_flow(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    ssl_context: SSLContext,
    caplog: pytest.LogCaptureFixture,
    fault: CloudFault,
) -> None:
    """The form shows the error, and the gateway receives no request; submitted again, the form creates an entry."""
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    gateway.requests.clear()
    fault.inject(cloud)
    flow = await submit_form(hass, flow, **ACCOUNT)
    assert shows_form(flow, "cloud", fault.error)
    assert take_requests(cloud.requests) == fault.requests
    assert take_requests(gateway.requests) == ""
    end_faults(cloud, ssl_context)
    assert creates_entry(await submit_form(hass, flow, **ACCOUNT))
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == []


@each_fault("flow", HARMLESS)
async def test_flow_harmless(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, caplog: pytest.LogCaptureFixture, fault: CloudFault
) -> None:
    """The form creates an entry, by route B if necessary."""
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    fault.inject(cloud)
    assert creates_entry(await submit_form(hass, flow, **ACCOUNT))
    await hass.async_block_till_done()
    assert take_requests(cloud.requests) == fault.requests
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert log_levels(caplog) == []
