"""Faults of the cloud during the sign-in with a verification code."""

from collections.abc import Awaitable, Callable, Mapping
from ssl import SSLContext
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigFlowResult
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

from .cloud_faults import CODE_FAULTS, CodeFault, end_faults, with_account
from .entries import (
    ACCOUNT,
    expected_values,
)
from .outcomes import issues_and_reauths, take_requests


async def _open_account_form(hass: HomeAssistant, gateway: Gateway) -> ConfigFlowResult:
    return await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")


async def _open_code_form(hass: HomeAssistant, gateway: Gateway) -> ConfigFlowResult:
    flow = await submit_form(hass, await _open_account_form(hass, gateway), **ACCOUNT)
    assert shows_form(flow, "code")
    return flow


async def _submit_account_and_code(hass: HomeAssistant, cloud: Cloud, flow: ConfigFlowResult) -> ConfigFlowResult:
    flow = await submit_form(hass, flow, **ACCOUNT)
    assert shows_form(flow, "code")
    return await _submit_code(hass, cloud, flow)


async def _submit_code(hass: HomeAssistant, cloud: Cloud, flow: ConfigFlowResult) -> ConfigFlowResult:
    return await submit_form(hass, flow, code=cloud.last_code("owner@example.com"))


async def _submit_code_and_sign_in(hass: HomeAssistant, cloud: Cloud, flow: ConfigFlowResult) -> ConfigFlowResult:
    flow = await _submit_code(hass, cloud, flow)
    assert shows_form(flow, "cloud", "sign_in_lost")
    return await _submit_account_and_code(hass, cloud, flow)


async def _request_and_submit_code(hass: HomeAssistant, cloud: Cloud, flow: ConfigFlowResult) -> ConfigFlowResult:
    flow = await submit_form(hass, flow, send_again=True)
    assert shows_form(flow, "code")
    return await _submit_code(hass, cloud, flow)


OPEN_FORM: Final = {"cloud": _open_account_form, "code": _open_code_form}
SUBMIT_FORM: Final[Mapping[str, Callable[[HomeAssistant, Cloud, ConfigFlowResult], Awaitable[ConfigFlowResult]]]] = {
    "cloud": lambda hass, _, flow: submit_form(hass, flow, **ACCOUNT),
    "code": _submit_code,
}
FINISH_FLOW: Final = {
    ("code", "cloud", False): _submit_account_and_code,
    ("code", "code", False): _submit_code,
    ("code", "code", True): _submit_code_and_sign_in,
    ("cloud", "code", False): _request_and_submit_code,
    ("cloud", "code", True): _submit_code_and_sign_in,
}
"""By the form that was submitted, the one that shows the error, and whether the next cookies are lost."""


@each_fault("code", CODE_FAULTS)
async def test_flow(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    ssl_context: SSLContext,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    fault: CodeFault,
) -> None:
    """The form that can fix the error shows it; submitted again, after half a minute, it leads to an entry."""
    with_account(mfa=True)(cloud)
    flow = await OPEN_FORM[fault.form](hass, gateway)
    cloud.requests.clear()
    gateway.requests.clear()
    fault.inject(cloud)
    flow = await SUBMIT_FORM[fault.form](hass, cloud, flow)
    assert shows_form(flow, fault.next_form, fault.error)
    assert take_requests(cloud.requests) == fault.requests
    assert take_requests(gateway.requests) == ""
    end_faults(cloud, ssl_context, mfa=True)
    freezer.tick(31)
    assert creates_entry(await FINISH_FLOW[fault.form, fault.next_form, fault.cookies_lost](hass, cloud, flow))
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert values_match(entity_values(hass, entry), expected_values(gateway))
    assert issues_and_reauths(hass) == ([], 0)
    assert log_levels(caplog) == []
