"""The sign-in with an Enphase account: email and password, and a verification code."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest

from custom_components.enphase_secctrl.client import parse_token
from custom_components.enphase_secctrl.const import CONF_SIGN_IN, SIGN_IN_CLOUD, SIGN_IN_CODE
from tests.emulator import Body, Cloud, Gateway, MfaResponse, SendCodeResponse, Status, SuccessResponse
from tests.emulator.certificates import create_gateway_certificate
from tests.emulator.cloud import ERROR_TEXT, LOGIN_FORM
from tests.flow_faults import HTML, INFO, OTHER_SERIAL, REPORT_FAULTS, SECCTRL, InjectFault, end_faults, take_paths
from tests.flow_manager import (
    creates_entry,
    open_sign_in_menu,
    select_option,
    shows_form,
    start_flow,
    submit_form,
    suggested_values,
)

ACCOUNT: Final = {CONF_USERNAME: "owner@example.com", CONF_PASSWORD: "secret"}
EMAIL: Final = "mfa@example.com"
MFA_ACCOUNT: Final = {CONF_USERNAME: EMAIL, CONF_PASSWORD: "secret"}
TOO_MANY_SESSIONS: Final = Body(b'{"message": "Too many active sessions.."}')
SEND = "/app-api/generate_mfa_login_otp"
CHECK = "/app-api/validate_login_otp"

type InjectCloudFault = Callable[[Cloud], object]

CLOUD_FAULTS: Final[list[tuple[InjectCloudFault, str]]] = [
    (lambda cloud: cloud.add_account("owner@example.com", "other"), "invalid_auth"),
    (lambda cloud: cloud.add_account("owner@example.com", "secret", serials=(OTHER_SERIAL,)), "not_a_token"),
    (lambda cloud: setattr(cloud, "login_response", "blocked"), "account_blocked"),
    (lambda cloud: setattr(cloud, "login_response", "login_form"), "account_blocked"),
    (lambda cloud: setattr(cloud, "login_response", "too_many"), "too_many_sessions"),
    (lambda cloud: setattr(cloud, "login_response", "too_many_nested"), "too_many_sessions"),
    (lambda cloud: setattr(cloud, "login_response", "too_many_text"), "too_many_sessions"),
    (lambda cloud: cloud.inject("*", Status(503)), "cloud_unavailable"),
    (lambda cloud: cloud.inject("/login/login.json", Body(HTML, "text/html")), "cloud_unavailable"),
    (lambda cloud: cloud.listener.close(), "cloud_unavailable"),
    (
        lambda cloud: setattr(cloud.listener, "ssl_context", create_gateway_certificate(now=0).create_ssl_context()),
        "cloud_unavailable",
    ),
]
INVALID_TOKENS: Final = [
    (HTML, "cloud_unavailable"),
    (ERROR_TEXT, "cloud_unavailable"),
    (LOGIN_FORM, "account_blocked"),
    (b'{"errors": {"base": ["Too many active sessions"]}}', "too_many_sessions"),
    (Gateway().token()[:-90].encode(), "cloud_unavailable"),
    (Gateway().token(serial=OTHER_SERIAL).encode(), "wrong_gateway"),
    (Gateway().token(lifetime=-1).encode(), "token_expired"),
]


# --- Account


@pytest.fixture
async def account_form(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> ConfigFlowResult:
    """The form of the account."""
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    assert shows_form(flow, "cloud")
    gateway.requests.clear()
    return flow


async def test_account(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, account_form: ConfigFlowResult) -> None:
    """An account creates an entry that can renew its token."""
    flow = await submit_form(hass, account_form, **ACCOUNT)
    assert creates_entry(flow)
    assert flow["title"] == "IQ Gateway 122300000001"
    token = flow["data"][CONF_TOKEN]
    assert flow["data"] == {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_CLOUD, CONF_TOKEN: token, **ACCOUNT}
    await hass.async_block_till_done()
    assert (flow["result"].unique_id, flow["result"].state) == (gateway.serial, ConfigEntryState.LOADED)
    assert [request.path for request in cloud.requests] == ["/login/login.json", "/tokens"]
    assert take_paths(gateway) == [INFO, SECCTRL] * 2


@pytest.mark.parametrize(("inject_fault", "error"), CLOUD_FAULTS)
async def test_cloud_fails(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    account_form: ConfigFlowResult,
    inject_fault: InjectCloudFault,
    error: str,
) -> None:
    """An error of the cloud is shown in the form; the email address is still filled in, the password isn't."""
    ssl_context = cloud.listener.ssl_context
    inject_fault(cloud)
    flow = await submit_form(hass, account_form, **ACCOUNT)
    assert shows_form(flow, "cloud", error)
    assert suggested_values(flow) == {CONF_USERNAME: ACCOUNT[CONF_USERNAME]}
    assert gateway.requests == []
    cloud.clear_faults()
    cloud.login_response = "ok"
    cloud.listener.ssl_context = ssl_context
    cloud.listener.open()
    cloud.add_account("owner@example.com", "secret")
    assert creates_entry(await submit_form(hass, flow, **ACCOUNT))


@pytest.mark.parametrize(("body", "error"), INVALID_TOKENS)
async def test_invalid_token_of_cloud(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, account_form: ConfigFlowResult, body: bytes, error: str
) -> None:
    """A token from the cloud is checked like a pasted one."""
    cloud.inject("/tokens", Body(body))
    cloud.inject("/entrez-auth-token", Body(body))
    flow = await submit_form(hass, account_form, **ACCOUNT)
    assert shows_form(flow, "cloud", error)
    assert gateway.requests == []
    cloud.clear_faults()
    assert creates_entry(await submit_form(hass, flow, **ACCOUNT))


@pytest.mark.parametrize(("inject_fault", "error"), REPORT_FAULTS)
async def test_gateway_fails_after_account(
    hass: HomeAssistant, gateway: Gateway, account_form: ConfigFlowResult, inject_fault: InjectFault, error: str
) -> None:
    """If the gateway fails when the token is tried, the same form can be submitted again."""
    inject_fault(gateway)
    flow = await submit_form(hass, account_form, **ACCOUNT)
    assert shows_form(flow, "cloud", error)
    end_faults(gateway)
    assert creates_entry(await submit_form(hass, flow, **ACCOUNT))


async def test_busy_gateway_then_wrong_password(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> None:
    """If the gateway is busy after the password, a different password is checked by the cloud."""
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    gateway.inject("*", Status(503))
    account = {"username": "owner@example.com", "password": "secret"}
    flow = await submit_form(hass, flow, **account)
    assert shows_form(flow, "cloud", "cannot_connect")
    gateway.clear_faults()
    calls = len(cloud.requests)
    assert shows_form(await submit_form(hass, flow, **account | {"password": "wrong"}), "cloud", "invalid_auth")
    assert creates_entry(await submit_form(hass, flow, **account))
    assert len(cloud.requests) == calls + 3


async def test_same_account_after_a_busy_gateway(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> None:
    """The same account uses the token that was fetched for it before, without a second sign-in."""
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    gateway.inject("*", Status(503))
    flow = await submit_form(hass, flow, username="owner@example.com", password="secret")
    assert shows_form(flow, "cloud", "cannot_connect")
    gateway.clear_faults()
    cloud.requests.clear()
    assert creates_entry(await submit_form(hass, flow, username="owner@example.com", password="secret"))
    assert cloud.requests == []


async def test_corrected_account_after_a_busy_gateway(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> None:
    """A corrected email address starts a new sign-in; the token of the first account is not used."""
    cloud.add_account("installer@example.com", "secret", "installer")
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    gateway.inject("*", Status(503))
    flow = await submit_form(hass, flow, username="installer@example.com", password="secret")
    assert shows_form(flow, "cloud", "cannot_connect")
    gateway.clear_faults()
    flow = await submit_form(hass, flow, username="owner@example.com", password="secret")
    assert creates_entry(flow)
    assert flow["data"][CONF_USERNAME] == "owner@example.com"
    assert parse_token(flow["data"][CONF_TOKEN], gateway.serial).role == "owner"


# --- Verification code


@pytest.fixture
async def code_form(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> ConfigFlowResult:
    """The form of the verification code, after the password."""
    cloud.add_account(EMAIL, "secret", mfa=True)
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    flow = await submit_form(hass, flow, **MFA_ACCOUNT)
    assert shows_form(flow, "code")
    return flow


async def test_code(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, code_form: ConfigFlowResult) -> None:
    """A verification code leads to a token; the entry holds only that."""
    flow = await submit_form(hass, code_form, code="000000x")
    assert shows_form(flow, "code", "invalid_code")
    flow = await submit_form(hass, flow, code=" ")
    assert shows_form(flow, "code", "invalid_code")
    flow = await submit_form(hass, flow, code=f" {cloud.last_code(EMAIL)} ")
    assert creates_entry(flow)
    assert flow["description"] == "code"
    assert flow["data"].keys() == {CONF_HOST, CONF_SIGN_IN, CONF_TOKEN}
    assert flow["data"][CONF_SIGN_IN] == SIGN_IN_CODE
    assert [request.path for request in cloud.requests].count(SEND) == 1


@pytest.mark.parametrize("mfa", ["requires_mfa", "success"])
@pytest.mark.parametrize("success", ["sessionId", "message", "isValid", "object", "empty"])
@pytest.mark.parametrize("sent", ["no_content", "empty"])
async def test_short_responses(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    mfa: MfaResponse,
    success: SuccessResponse,
    sent: SendCodeResponse,
) -> None:
    """The sign-in works although the cloud responds with little or nothing."""
    cloud.mfa_response, cloud.success_response, cloud.send_code_response = mfa, success, sent
    cloud.add_account(EMAIL, "secret", mfa=True)
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    flow = await submit_form(hass, flow, **MFA_ACCOUNT)
    assert shows_form(flow, "code")
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))


@pytest.mark.parametrize("status", [200, 400, 404, 409, 422])
async def test_wrong_code(hass: HomeAssistant, cloud: Cloud, code_form: ConfigFlowResult, status: int) -> None:
    """After a wrong code, the form stays, whatever the status of the response was."""
    cloud.wrong_code_status = status
    flow = await submit_form(hass, code_form, code="wrong")
    assert shows_form(flow, "code", "invalid_code")
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))


async def test_busy_gateway_after_code(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, code_form: ConfigFlowResult
) -> None:
    """If the gateway is busy after the code, the form can be submitted again without a request to the cloud."""
    gateway.inject("*", Status(503))
    flow = await submit_form(hass, code_form, code=cloud.last_code(EMAIL))
    assert shows_form(flow, "code", "cannot_connect")
    gateway.clear_faults()
    calls = len(cloud.requests)
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))
    assert len(cloud.requests) == calls


async def test_token_instead_of_code(hass: HomeAssistant, gateway: Gateway, code_form: ConfigFlowResult) -> None:
    """A user who receives no code can continue with a token."""
    flow = await submit_form(hass, code_form, paste_token=True)
    assert creates_entry(await submit_form(hass, flow, token=gateway.token()))


async def test_no_token_after_code(hass: HomeAssistant, cloud: Cloud, code_form: ConfigFlowResult) -> None:
    """If only the token is missing, the code isn't checked again."""
    cloud.inject("/tokens", Status(503))
    cloud.inject("/entrez-auth-token", Status(503))
    flow = await submit_form(hass, code_form, code=cloud.last_code(EMAIL))
    assert shows_form(flow, "code", "cloud_unavailable")
    cloud.clear_faults()
    assert creates_entry(await submit_form(hass, flow))
    assert [request.path for request in cloud.requests].count(CHECK) == 1


async def test_send_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cloud: Cloud, code_form: ConfigFlowResult
) -> None:
    """A new code is sent on request, but not within 30 seconds."""
    first = cloud.last_code(EMAIL)
    flow = await submit_form(hass, code_form, send_again=True)
    assert shows_form(flow, "code", "code_too_soon")
    freezer.tick(timedelta(seconds=29))
    flow = await submit_form(hass, flow, send_again=True)
    assert shows_form(flow, "code", "code_too_soon")
    freezer.tick(timedelta(seconds=2))
    flow = await submit_form(hass, flow, send_again=True)
    assert shows_form(flow, "code")
    assert cloud.last_code(EMAIL) != first
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))


async def test_account_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, cloud: Cloud, code_form: ConfigFlowResult
) -> None:
    """Within 30 seconds after a code was requested, the account isn't used for a new sign-in."""
    cloud.clear_sessions()
    flow = await submit_form(hass, code_form, code=cloud.last_code(EMAIL))
    assert shows_form(flow, "cloud", "sign_in_lost")
    cloud.requests.clear()
    flow = await submit_form(hass, flow, **MFA_ACCOUNT)
    assert shows_form(flow, "cloud", "code_too_soon")
    assert cloud.requests == []
    freezer.tick(timedelta(seconds=31))
    flow = await submit_form(hass, flow, **MFA_ACCOUNT)
    assert shows_form(flow, "code")
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))


@pytest.mark.parametrize(
    ("inject_fault", "step", "error", "user_input"),
    [
        (lambda cloud: cloud.clear_sessions(), "cloud", "sign_in_lost", MFA_ACCOUNT),
        (lambda cloud: setattr(cloud, "code_blocked", True), "cloud", "account_blocked", MFA_ACCOUNT),
        (lambda cloud: cloud.inject(CHECK, Status(429)), "cloud", "account_blocked", MFA_ACCOUNT),
        (lambda cloud: cloud.inject(CHECK, Status(403)), "cloud", "sign_in_lost", MFA_ACCOUNT),
        (lambda cloud: cloud.inject(CHECK, Status(200, body=LOGIN_FORM)), "cloud", "account_blocked", MFA_ACCOUNT),
        (lambda cloud: cloud.inject(CHECK, TOO_MANY_SESSIONS), "cloud", "too_many_sessions", MFA_ACCOUNT),
        (lambda cloud: cloud.inject(CHECK, Status(503)), "code", "cloud_unavailable", {"send_again": True}),
        (lambda cloud: cloud.inject(CHECK, Status(200, body=HTML)), "code", "cloud_unavailable", {"send_again": True}),
    ],
    ids=["lost", "blocked", "429", "403", "login page", "too many", "outage", "HTML"],
)
async def test_code_fails(
    hass: HomeAssistant,
    cloud: Cloud,
    code_form: ConfigFlowResult,
    freezer: FrozenDateTimeFactory,
    inject_fault: InjectCloudFault,
    step: str,
    error: str,
    user_input: dict[str, object],
) -> None:
    """An error that a new code can't fix leads back to the form of the account."""
    inject_fault(cloud)
    flow = await submit_form(hass, code_form, code=cloud.last_code(EMAIL))
    assert shows_form(flow, step, error)
    cloud.clear_faults()
    cloud.code_blocked = False
    freezer.tick(timedelta(seconds=31))
    flow = await submit_form(hass, flow, **user_input)
    assert shows_form(flow, "code")
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))


async def test_sign_in_lost_before_a_new_code(
    hass: HomeAssistant, cloud: Cloud, code_form: ConfigFlowResult, freezer: FrozenDateTimeFactory
) -> None:
    """If the cloud has forgotten the sign-in when a new code is requested, the form of the account is shown."""
    cloud.clear_sessions()
    freezer.tick(timedelta(seconds=31))
    flow = await submit_form(hass, code_form, send_again=True)
    assert shows_form(flow, "cloud", "sign_in_lost")
    freezer.tick(timedelta(seconds=31))
    flow = await submit_form(hass, flow, **MFA_ACCOUNT)
    assert shows_form(flow, "code")
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))


async def test_account_without_the_gateway(
    hass: HomeAssistant, cloud: Cloud, code_form: ConfigFlowResult, freezer: FrozenDateTimeFactory
) -> None:
    """If the account of a verified sign-in doesn't have the gateway, the form of the account is shown."""
    code = cloud.last_code(EMAIL)
    for path in ("/tokens", "/entrez-auth-token"):
        cloud.inject(path, Status(403))
    flow = await submit_form(hass, code_form, code=code)
    assert shows_form(flow, "cloud", "not_a_token")
    cloud.clear_faults()
    freezer.tick(timedelta(seconds=31))
    assert creates_entry(await submit_form(hass, flow, **ACCOUNT))


SEND_FAULTS: Final[list[tuple[InjectCloudFault, str]]] = [
    (lambda cloud: setattr(cloud, "send_code_response", "refused"), "cloud_unavailable"),
    (lambda cloud: setattr(cloud, "send_code_response", "429"), "account_blocked"),
    (lambda cloud: setattr(cloud, "code_blocked", True), "account_blocked"),
    (lambda cloud: cloud.inject(SEND, Status(401)), "sign_in_lost"),
    (lambda cloud: cloud.inject(SEND, Status(403)), "sign_in_lost"),
    (lambda cloud: cloud.inject(SEND, Status(400)), "cloud_unavailable"),
    (lambda cloud: cloud.inject(SEND, Status(500)), "cloud_unavailable"),
    (lambda cloud: cloud.inject(SEND, Body(HTML, "text/html")), "cloud_unavailable"),
    (lambda cloud: cloud.inject(SEND, Body(LOGIN_FORM, "text/html")), "account_blocked"),
    (lambda cloud: cloud.inject(SEND, TOO_MANY_SESSIONS), "too_many_sessions"),
]


@pytest.mark.parametrize(("inject_fault", "error"), SEND_FAULTS)
async def test_response_to_sending_is_an_error(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    inject_fault: InjectCloudFault,
    error: str,
) -> None:
    """The form of the code is shown after any error. A code that wasn't sent can be requested after 30 seconds."""
    cloud.add_account(EMAIL, "secret", mfa=True)
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    inject_fault(cloud)
    flow = await submit_form(hass, flow, **MFA_ACCOUNT)
    assert shows_form(flow, "code", error)
    cloud.clear_faults()
    cloud.code_blocked, cloud.send_code_response = False, "ok"
    flow = await submit_form(hass, flow, send_again=True)
    assert shows_form(flow, "code", "code_too_soon")
    freezer.tick(timedelta(seconds=31))
    flow = await submit_form(hass, flow, send_again=True)
    assert shows_form(flow, "code")
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))


async def test_code_arrives_nevertheless(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> None:
    """A code that was sent although the response was an error can be used at once."""
    cloud.add_account(EMAIL, "secret", mfa=True)
    cloud.inject(SEND, Body(HTML, "text/html"))
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "cloud")
    flow = await submit_form(hass, flow, **MFA_ACCOUNT)
    assert shows_form(flow, "code", "cloud_unavailable")
    assert creates_entry(await submit_form(hass, flow, code=cloud.last_code(EMAIL)))
    assert [request.path for request in cloud.requests].count(SEND) == 1


async def test_code_without_an_account(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> None:
    """A flow that begins with the verification code, and so has no account, continues with the account form."""
    flow = await start_flow(hass, "code")
    assert shows_form(flow, "code")
    flow = await submit_form(hass, flow, code="123456")
    assert shows_form(flow, "cloud", "sign_in_lost")
    assert cloud.requests == []
