"""The ways to sign in beside password and token: core's sign-in, a code, and the present one."""

from collections.abc import Callable
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_TOKEN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import (
    CONF_CORE_ENTRY,
    CONF_SIGN_IN,
    CORE_DOMAIN,
    SIGN_IN_CODE,
    SIGN_IN_EXISTING,
)
from tests.flows import aborts, answer, begin, choose, is_made, stands
from tests.gateway import Body, Cloud, Gateway, Status
from tests.shown import poll
from tests.test_sign_in import issue_keys

EMAIL = "mfa@example.com"
SEND = "/app-api/generate_mfa_login_otp"
CHECK = "/app-api/validate_login_otp"


@pytest.fixture
def core(hass: HomeAssistant, gateway: Gateway) -> MockConfigEntry:
    """Core's entry for the same gateway."""
    core_data = {CONF_HOST: gateway.host, CONF_TOKEN: gateway.token()}
    core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial, data=core_data)
    core.add_to_hass(hass)
    return core


async def _menu(hass: HomeAssistant, gateway: Gateway) -> ConfigFlowResult:
    return await answer(hass, await begin(hass), host=gateway.host)


async def test_existing(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, core: MockConfigEntry) -> None:
    """One click: offered first, nothing asked, nothing secret stored, no cloud."""
    flow = await begin(hass)
    assert flow["data_schema"]
    assert [str(key.description["suggested_value"]) for key in flow["data_schema"].schema] == [gateway.host]
    flow = await answer(hass, flow, host=gateway.host)
    assert flow["menu_options"] == ["existing", "cloud", "token"]
    flow = await choose(hass, flow, "existing")
    assert is_made(flow)
    assert flow["data"] == {
        CONF_HOST: gateway.host,
        CONF_SIGN_IN: SIGN_IN_EXISTING,
        CONF_CORE_ENTRY: core.entry_id,
    }
    assert cloud.requests == []


async def test_existing_is_of_no_use(hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry) -> None:
    """A token of core that has ended stands on a form, which works once core has a better one."""
    good = core.data[CONF_TOKEN]
    hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=-60.0)})
    flow = await choose(hass, await _menu(hass, gateway), "existing")
    assert stands(flow, "existing", "token_expired")
    hass.config_entries.async_update_entry(core, data={CONF_TOKEN: good})
    assert is_made(await answer(hass, flow))


async def test_existing_of_another_gateway(hass: HomeAssistant, gateway: Gateway) -> None:
    """Core's entry of another gateway is not offered."""
    MockConfigEntry(domain=CORE_DOMAIN, unique_id="999").add_to_hass(hass)
    assert (await _menu(hass, gateway))["menu_options"] == ["cloud", "token"]


@pytest.fixture
async def code_form(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> ConfigFlowResult:
    """The form that asks for the code, after the password."""
    cloud.add_account(EMAIL, "secret", mfa=True)
    flow = await choose(hass, await _menu(hass, gateway), "cloud")
    flow = await answer(hass, flow, username=EMAIL, password="secret")
    assert stands(flow, "code")
    return flow


async def test_code(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, code_form: ConfigFlowResult) -> None:
    """A code leads to a token, and only the token is stored."""
    flow = await answer(hass, code_form, code="000000x")
    assert stands(flow, "code", "invalid_code")
    flow = await answer(hass, flow, code=" ")
    assert stands(flow, "code", "invalid_code")
    flow = await answer(hass, flow, code=f" {cloud.code(EMAIL)} ")
    assert is_made(flow)
    assert flow["description"] == "code"
    assert flow["data"].keys() == {CONF_HOST, CONF_SIGN_IN, CONF_TOKEN}
    assert flow["data"][CONF_SIGN_IN] == SIGN_IN_CODE
    assert [request.path for request in cloud.requests].count(SEND) == 1


async def test_busy_gateway(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, code_form: ConfigFlowResult) -> None:
    """A gateway that is busy just when the code was right costs neither a code nor a sign-in."""
    gateway.answer("*", Status(503))
    flow = await answer(hass, code_form, code=cloud.code(EMAIL))
    assert stands(flow, "code", "cannot_connect")
    gateway.clear()
    calls = len(cloud.requests)
    assert is_made(await answer(hass, flow, code=cloud.code(EMAIL)))
    assert len(cloud.requests) == calls


async def test_busy_gateway_after_the_password(hass: HomeAssistant, gateway: Gateway, cloud: Cloud) -> None:
    """Nor does it after a password; another password is tried."""
    flow = await choose(hass, await _menu(hass, gateway), "cloud")
    gateway.answer("*", Status(503))
    account = {"username": "owner@example.com", "password": "secret"}
    flow = await answer(hass, flow, **account)
    assert stands(flow, "cloud", "cannot_connect")
    gateway.clear()
    calls = len(cloud.requests)
    assert stands(await answer(hass, flow, **account | {"password": "wrong"}), "cloud", "invalid_auth")
    assert is_made(await answer(hass, flow, **account))
    assert len(cloud.requests) == calls + 3


async def test_token_instead_of_a_code(hass: HomeAssistant, gateway: Gateway, code_form: ConfigFlowResult) -> None:
    """Who gets no code goes on with a token."""
    flow = await answer(hass, code_form, paste_token=True)
    assert is_made(await answer(hass, flow, token=gateway.token()))


async def test_no_token_for_the_code(hass: HomeAssistant, cloud: Cloud, code_form: ConfigFlowResult) -> None:
    """A code that was right is not checked again when only the token is missing."""
    cloud.answer("/tokens", Status(503))
    cloud.answer("/entrez-auth-token", Status(503))
    flow = await answer(hass, code_form, code=cloud.code(EMAIL))
    assert stands(flow, "code", "cloud_unavailable")
    cloud.clear()
    assert is_made(await answer(hass, flow))
    assert [request.path for request in cloud.requests].count(CHECK) == 1


async def test_another_code(
    hass: HomeAssistant, cloud: Cloud, code_form: ConfigFlowResult, freezer: FrozenDateTimeFactory
) -> None:
    """Another code is sent on request, not within 30 s."""
    first = cloud.code(EMAIL)
    flow = await answer(hass, code_form, send_again=True)
    assert stands(flow, "code", "code_too_soon")
    freezer.tick(timedelta(seconds=31))
    flow = await answer(hass, flow, send_again=True)
    assert stands(flow, "code")
    assert cloud.code(EMAIL) != first
    assert is_made(await answer(hass, flow, code=cloud.code(EMAIL)))


@pytest.mark.parametrize(
    ("spoil", "step", "error"),
    [
        (lambda cloud: cloud.forget_sessions(), "cloud", "sign_in_lost"),
        (lambda cloud: setattr(cloud, "code_blocked", True), "cloud", "account_blocked"),
        (
            lambda cloud: cloud.answer(CHECK, Body(b'{"message": "Too many active sessions.."}')),
            "cloud",
            "too_many_sessions",
        ),
        (lambda cloud: cloud.answer(CHECK, Status(503)), "code", "cloud_unavailable"),
        (lambda cloud: cloud.answer(CHECK, Status(200, body=b"<html>")), "code", "cloud_unavailable"),
    ],
    ids=["lost", "blocked", "too many", "outage", "HTML"],
)
async def test_code_fails(
    hass: HomeAssistant,
    cloud: Cloud,
    code_form: ConfigFlowResult,
    freezer: FrozenDateTimeFactory,
    spoil: Callable[[Cloud], None],
    step: str,
    error: str,
) -> None:
    """What a code cannot mend leads back to the password, with its reason; both ways go on."""
    spoil(cloud)
    flow = await answer(hass, code_form, code=cloud.code(EMAIL))
    assert stands(flow, step, error)
    cloud.clear()
    cloud.code_blocked = False
    freezer.tick(timedelta(seconds=31))
    again = {"username": EMAIL, "password": "secret"} if step == "cloud" else {"send_again": True}
    flow = await answer(hass, flow, **again)
    assert stands(flow, "code")
    assert is_made(await answer(hass, flow, code=cloud.code(EMAIL)))


async def test_code_is_not_sent(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, freezer: FrozenDateTimeFactory
) -> None:
    """A cloud that sends no code says so where the password stands; it may still send one, so not at once again."""
    cloud.add_account(EMAIL, "secret", mfa=True)
    cloud.answer(SEND, Status(500))
    flow = await choose(hass, await _menu(hass, gateway), "cloud")
    flow = await answer(hass, flow, username=EMAIL, password="secret")
    assert stands(flow, "cloud", "cloud_unavailable")
    cloud.clear()
    flow = await answer(hass, flow, username=EMAIL, password="secret")
    assert stands(flow, "cloud", "code_too_soon")
    freezer.tick(timedelta(seconds=31))
    assert stands(await answer(hass, flow, username=EMAIL, password="secret"), "code")


async def test_keep(hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry) -> None:
    """A new address for the same gateway needs no new sign-in; another gateway is refused."""
    before = dict(loaded.data)
    other = Gateway(serial="122300000002")
    await other.start()
    flow = await begin(hass, SOURCE_RECONFIGURE, entry_id=loaded.entry_id)
    flow = await answer(hass, flow, host=other.host)
    assert stands(flow, "reconfigure", "wrong_gateway")
    assert {request.path for request in other.requests} == {"/info"}
    other.serial = gateway.serial
    flow = await answer(hass, flow, host=f"https://{other.host}/home")
    assert flow["menu_options"] == ["keep", "cloud", "token"]
    flow = await choose(hass, flow, "keep")
    assert aborts(flow, "reconfigure_successful")
    await hass.async_block_till_done()
    assert loaded.data == before | {CONF_HOST: other.host}
    assert loaded.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(loaded.entry_id)
    await other.stop()


async def test_keep_an_account(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded: MockConfigEntry) -> None:
    """With an account a refused token is renewed on the way to the new address."""
    account = {"username": "owner@example.com", "password": "secret"}
    hass.config_entries.async_update_entry(loaded, data=loaded.data | account | {CONF_SIGN_IN: "cloud"})
    gateway.revoke(loaded.data[CONF_TOKEN])
    flow = await begin(hass, SOURCE_RECONFIGURE, entry_id=loaded.entry_id)
    flow = await choose(hass, await answer(hass, flow, host=gateway.host), "keep")
    assert aborts(flow, "reconfigure_successful")
    await hass.async_block_till_done()
    assert loaded.state is ConfigEntryState.LOADED


async def test_pinned_gateway(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A flow talks to the pinned certificate only, and leads to the repair until a poll goes well."""
    hass.config_entries.async_update_entry(loaded, options={"certificate": gateway.fingerprint.hex()})
    gateway.new_certificate()
    gateway.requests.clear()
    flow = await begin(hass, SOURCE_RECONFIGURE, entry_id=loaded.entry_id)
    assert stands(await answer(hass, flow, host=gateway.host), "reconfigure", "certificate_changed")
    assert gateway.requests == []
    assert issue_keys(hass) == ["certificate_changed"]
    await poll(hass, freezer)  # on the connection that has seen the pinned one
    assert issue_keys(hass) == []


async def test_pinned_gateway_elsewhere(hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry) -> None:
    """Another certificate at another address says nothing of the entry's own."""
    hass.config_entries.async_update_entry(loaded, options={"certificate": gateway.fingerprint.hex()})
    other = Gateway()
    other.new_certificate()
    await other.start()
    flow = await begin(hass, SOURCE_RECONFIGURE, entry_id=loaded.entry_id)
    assert stands(await answer(hass, flow, host=other.host), "reconfigure", "certificate_changed")
    assert issue_keys(hass) == []
    await other.stop()


async def test_keep_what_is_refused(hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry) -> None:
    """A sign-in that no longer works cannot be kept, and says so."""
    gateway.revoke(loaded.data[CONF_TOKEN])
    flow = await begin(hass, SOURCE_RECONFIGURE, entry_id=loaded.entry_id)
    flow = await answer(hass, flow, host=gateway.host)
    flow = await choose(hass, flow, "keep")
    assert stands(flow, "keep", "invalid_auth")
