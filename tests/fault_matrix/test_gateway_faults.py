"""Faults of the gateway, in each situation."""

from collections.abc import Awaitable, Callable
from functools import partial
import logging
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
import pytest

from custom_components.enphase_secctrl.const import DOMAIN
from tests.emulator import Cloud, Gateway
from tests.entity_states import entity_values, values_match
from tests.fault_matrix.outcomes import each_fault
from tests.faults import CallFirst
from tests.flow_manager import aborts, creates_entry, select_option, shows_form, start_flow, submit_form
from tests.logs import log_levels
from tests.polling import poll

from .entries import (
    add_entry,
    error_key,
    expected_values,
    has_current_values,
    set_up,
    set_up_without_faults,
)
from .gateway_faults import FAILING, HARMLESS, GatewayFault
from .outcomes import ROUTE_A, issues_and_reauths, take_requests, unavailable, unknown_keys

# --- Setup


@each_fault("setup", FAILING)
async def test_setup(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: GatewayFault,
) -> None:
    """A setup that fails has its reason, and the next one succeeds."""
    entry, outcome = add_entry(hass, gateway, pinned=fault.pinned), fault.error
    fault.inject(gateway)
    await set_up(hass, entry)
    assert (entry.state, entry.error_reason_translation_key) == (ConfigEntryState.SETUP_RETRY, outcome.error)
    assert take_requests(gateway.requests) == fault.requests.setup
    assert issues_and_reauths(hass) == outcome.issues_and_reauths
    assert entity_values(hass, entry) == {}
    fault.end(gateway)
    await poll(hass, freezer, 61)
    assert entry.state is ConfigEntryState.LOADED
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == []


@each_fault("setup", HARMLESS)
async def test_setup_harmless(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: GatewayFault,
) -> None:
    """Setup succeeds; entities of fields that are missing meanwhile are added later."""
    entry = add_entry(hass, gateway)
    fault.inject(gateway)
    await set_up(hass, entry)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert take_requests(gateway.requests) == fault.requests.setup
    fault.end(gateway)
    await poll(hass, freezer)
    assert has_current_values(hass, entry, gateway)
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == [logging.WARNING] * fault.warnings


# --- Running


@each_fault("running", FAILING)
async def test_running(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: GatewayFault,
) -> None:
    """The entities keep their values for a minute and are unavailable then; the next successful poll updates them."""
    entry, outcome = add_entry(hass, gateway, pinned=fault.pinned), fault.error
    before = await set_up_without_faults(hass, entry, gateway)
    requests, values = [], []
    for stage in fault.stages:
        stage(gateway)
        await poll(hass, freezer, 61)
        requests.append(take_requests(gateway.requests))
        values.append(entity_values(hass, entry))
    assert "|".join(requests) == fault.requests.running
    assert values == [before] * 2 + [unavailable(before)]
    assert error_key(entry) == outcome.error
    assert issues_and_reauths(hass) == outcome.issues_and_reauths
    assert log_levels(caplog) == [logging.ERROR]
    fault.end(gateway)
    await poll(hass, freezer, 61)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == [*outcome.log]


@each_fault("running", HARMLESS)
async def test_running_harmless(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: GatewayFault,
) -> None:
    """The entities have the values of each response; those of missing fields are unknown."""
    entry = add_entry(hass, gateway)
    before = await set_up_without_faults(hass, entry, gateway)
    requests = []
    for stage in fault.stages:
        stage(gateway)
        await poll(hass, freezer, 61)
        requests.append(take_requests(gateway.requests))
    assert "|".join(requests) == fault.requests.running
    assert values_match(entity_values(hass, entry), dict.fromkeys(before, None) | expected_values(gateway))
    assert unknown_keys(entity_values(hass, entry)) == fault.unknown
    fault.end(gateway)
    await poll(hass, freezer, 61)
    assert has_current_values(hass, entry, gateway)
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == [*fault.restart_log, *[logging.WARNING] * fault.warnings]


# --- Renewal: the gateway rejects the token of an account, and the fault begins while a new token is fetched


@each_fault("renewal", FAILING)
async def test_renewal(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: GatewayFault,
) -> None:
    """The new token is stored, and fetched once; it is used as soon as the gateway responds."""
    entry, outcome = add_entry(hass, gateway, pinned=fault.pinned, account=True), fault.error
    before = await set_up_without_faults(hass, entry, gateway)
    old_token = entry.data[CONF_TOKEN]
    gateway.revoke(old_token)
    cloud.inject(ROUTE_A, CallFirst(partial(fault.inject, gateway)), times=1)
    await poll(hass, freezer, 61)
    assert take_requests(gateway.requests) == "sic" + fault.requests.renewal
    assert take_requests(cloud.requests) == "LA"
    assert entry.data[CONF_TOKEN] != old_token
    assert entity_values(hass, entry) == before
    for _ in range(2):
        await poll(hass, freezer, 61)
    assert entity_values(hass, entry) == unavailable(before)
    assert error_key(entry) == outcome.error
    assert issues_and_reauths(hass) == outcome.issues_and_reauths
    assert log_levels(caplog) == [logging.ERROR]
    fault.end(gateway)
    await poll(hass, freezer, 61)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert take_requests(cloud.requests) == ""
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == [*outcome.log]


@each_fault("renewal", HARMLESS)
async def test_renewal_harmless(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: GatewayFault,
) -> None:
    """The new token is used within the same poll."""
    entry = add_entry(hass, gateway, account=True)
    before = await set_up_without_faults(hass, entry, gateway)
    gateway.revoke(entry.data[CONF_TOKEN])
    cloud.inject(ROUTE_A, CallFirst(partial(fault.inject, gateway)), times=1)
    await poll(hass, freezer, 61)
    assert take_requests(gateway.requests) == "sic" + fault.requests.renewal
    assert take_requests(cloud.requests) == "LA"
    assert values_match(entity_values(hass, entry), dict.fromkeys(before, None) | expected_values(gateway))
    assert unknown_keys(entity_values(hass, entry)) == fault.unknown
    fault.end(gateway)
    await poll(hass, freezer, 61)
    assert has_current_values(hass, entry, gateway)
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == [logging.WARNING] * fault.warnings


# --- Config flow: the fault begins before a form is submitted, and ends before it is submitted again

type FormInput = tuple[ConfigFlowResult, dict[str, str]]


async def _open_user_form(hass: HomeAssistant, gateway: Gateway) -> FormInput:
    return await start_flow(hass), {CONF_HOST: gateway.host}


async def _open_token_form(hass: HomeAssistant, gateway: Gateway) -> FormInput:
    flow = await submit_form(hass, await start_flow(hass), host=gateway.host)
    return await select_option(hass, flow, "token"), {CONF_TOKEN: gateway.token()}


async def _open_reconfigure_form(hass: HomeAssistant, gateway: Gateway) -> FormInput:
    entry = add_entry(hass, gateway, pinned=True)
    await set_up(hass, entry)
    return await start_flow(hass, "reconfigure", entry.entry_id), {CONF_HOST: gateway.host}


OPEN_FORM: Final[dict[str, Callable[[HomeAssistant, Gateway], Awaitable[FormInput]]]] = {
    "user": _open_user_form,
    "token": _open_token_form,
    "reconfigure": _open_reconfigure_form,
}


async def _finish_token(hass: HomeAssistant, gateway: Gateway, flow: ConfigFlowResult) -> None:
    assert creates_entry(flow)


async def _finish_user(hass: HomeAssistant, gateway: Gateway, flow: ConfigFlowResult) -> None:
    assert creates_entry(await submit_form(hass, await select_option(hass, flow, "token"), token=gateway.token()))


async def _finish_reconfigure(hass: HomeAssistant, gateway: Gateway, flow: ConfigFlowResult) -> None:
    assert aborts(await select_option(hass, flow, "keep"), "reconfigure_successful")


FINISH_FLOW: Final[dict[str, Callable[[HomeAssistant, Gateway, ConfigFlowResult], Awaitable[None]]]] = {
    "user": _finish_user,
    "token": _finish_token,
    "reconfigure": _finish_reconfigure,
}


@each_fault("flow", FAILING)
async def test_flow(
    hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture, fault: GatewayFault
) -> None:
    """The form shows the error; submitted again, it continues."""
    form = fault.requests.form
    flow, user_input = await OPEN_FORM[form](hass, gateway)
    gateway.requests.clear()
    fault.inject(gateway)
    flow = await submit_form(hass, flow, **user_input)
    assert shows_form(flow, form, fault.error.form_error or fault.error.error)
    assert take_requests(gateway.requests) == fault.requests.flow
    fault.end(gateway)
    await FINISH_FLOW[form](hass, gateway, await submit_form(hass, flow, **user_input))
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == []


@each_fault("flow", HARMLESS)
async def test_flow_harmless(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: GatewayFault,
) -> None:
    """The form creates an entry."""
    flow, user_input = await OPEN_FORM[fault.requests.form](hass, gateway)
    gateway.requests.clear()
    fault.inject(gateway)
    assert creates_entry(await submit_form(hass, flow, **user_input))
    await hass.async_block_till_done()
    assert take_requests(gateway.requests) == fault.requests.flow * 2
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    fault.end(gateway)
    await poll(hass, freezer)
    assert has_current_values(hass, entry, gateway)
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == [logging.WARNING] * fault.warnings
