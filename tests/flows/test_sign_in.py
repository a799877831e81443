"""The sign-in: a pasted token, the token of Enphase Envoy, or the current sign-in. See also test_sign_in_account.py."""

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import (
    CONF_CORE_ENTRY,
    CONF_SIGN_IN,
    CORE_DOMAIN,
    SIGN_IN_CLOUD,
    SIGN_IN_EXISTING,
    SIGN_IN_TOKEN,
)
from tests.emulator import Cloud, Gateway
from tests.flow_faults import (
    INFO,
    INFO_FAULTS,
    OTHER_SERIAL,
    REPORT_FAULTS,
    SECCTRL,
    InjectFault,
    end_faults,
    take_paths,
)
from tests.flow_manager import (
    aborts,
    creates_entry,
    open_sign_in_menu,
    select_option,
    shows_form,
    start_flow,
    submit_form,
    suggested_values,
)

# --- Access token


@pytest.fixture
async def token_form(hass: HomeAssistant, gateway: Gateway) -> ConfigFlowResult:
    """The form of the access token."""
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "token")
    assert shows_form(flow, "token")
    gateway.requests.clear()
    return flow


async def test_token(hass: HomeAssistant, gateway: Gateway, token_form: ConfigFlowResult) -> None:
    """A pasted token creates an entry that holds nothing else."""
    token = gateway.token()
    flow = await submit_form(hass, token_form, token=f" {token}\n")
    assert creates_entry(flow)
    assert flow["title"] == "IQ Gateway 122300000001"
    assert flow["data"] == {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: token}
    await hass.async_block_till_done()
    assert (flow["result"].unique_id, flow["result"].state) == (gateway.serial, ConfigEntryState.LOADED)
    assert take_paths(gateway) == [INFO, SECCTRL] * 2
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.parametrize(
    "pasted", ['"{}"', "Bearer {}", "Authorization: Bearer {}", '{{"token": "{}"}}', "sessionId={}", "access_token={}"]
)
@pytest.mark.parametrize("line_break", ["", "\n", " \r\n  "])
async def test_pasted_token(
    hass: HomeAssistant, gateway: Gateway, token_form: ConfigFlowResult, pasted: str, line_break: str
) -> None:
    """Only the token itself is stored, whatever was pasted with it."""
    token = gateway.token()
    flow = await submit_form(hass, token_form, token=pasted.format(token[:100] + line_break + token[100:]))
    assert creates_entry(flow)
    assert flow["data"][CONF_TOKEN] == token


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Error in generating Token", "not_a_token"),
        ("<html>", "not_a_token"),
        (Gateway().token()[3:], "not_a_token"),
        (Gateway().token()[:-1], "token_incomplete"),
        (Gateway().token()[:-90], "token_incomplete"),
        (f'Bearer "{Gateway().token()[:250]}"', "token_incomplete"),
        (Gateway().token(lifetime=-1), "token_expired"),
        (Gateway().token(serial=OTHER_SERIAL), "wrong_gateway"),
    ],
)
async def test_invalid_token(
    hass: HomeAssistant, gateway: Gateway, token_form: ConfigFlowResult, text: str, error: str
) -> None:
    """A token that can't be valid for the gateway is rejected without a request."""
    flow = await submit_form(hass, token_form, token=text)
    assert shows_form(flow, "token", error)
    assert suggested_values(flow) == {}
    assert gateway.requests == []
    assert creates_entry(await submit_form(hass, flow, token=gateway.token()))


async def test_rejected_token(hass: HomeAssistant, gateway: Gateway, token_form: ConfigFlowResult) -> None:
    """A token that the gateway rejects creates no entry."""
    token = gateway.token()
    gateway.revoke(token)
    flow = await submit_form(hass, token_form, token=token)
    assert shows_form(flow, "token", "invalid_auth")
    assert creates_entry(await submit_form(hass, flow, token=gateway.token()))


@pytest.mark.parametrize(("inject_fault", "error"), [*INFO_FAULTS, *REPORT_FAULTS])
async def test_gateway_fails_after_token(
    hass: HomeAssistant, gateway: Gateway, token_form: ConfigFlowResult, inject_fault: InjectFault, error: str
) -> None:
    """If the gateway fails when the token is tried, the same form can be submitted again."""
    token = gateway.token()
    inject_fault(gateway)
    flow = await submit_form(hass, token_form, token=token)
    assert shows_form(flow, "token", error)
    end_faults(gateway)
    assert creates_entry(await submit_form(hass, flow, token=token))


# --- Token of Enphase Envoy


@pytest.fixture
def core(hass: HomeAssistant, gateway: Gateway) -> MockConfigEntry:
    """The Enphase Envoy entry of the same gateway."""
    core_data = {CONF_HOST: gateway.host, CONF_TOKEN: gateway.token()}
    core = MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial, data=core_data)
    core.add_to_hass(hass)
    return core


async def test_existing(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, core: MockConfigEntry) -> None:
    """The token of Enphase Envoy needs no input, no cloud, and nothing secret in the entry."""
    flow = await start_flow(hass)
    assert suggested_values(flow) == {CONF_HOST: gateway.host}
    flow = await submit_form(hass, flow, host=gateway.host)
    assert flow["menu_options"] == ["existing", "cloud", "token"]
    flow = await select_option(hass, flow, "existing")
    assert creates_entry(flow)
    assert flow["data"] == {
        CONF_HOST: gateway.host,
        CONF_SIGN_IN: SIGN_IN_EXISTING,
        CONF_CORE_ENTRY: core.entry_id,
    }
    assert flow["description"] is None
    assert cloud.requests == []


async def test_existing_expired(hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry) -> None:
    """An expired token of Enphase Envoy is an error, until it has a valid one."""
    valid = core.data[CONF_TOKEN]
    hass.config_entries.async_update_entry(core, data={CONF_TOKEN: gateway.token(lifetime=-60.0)})
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "existing")
    assert shows_form(flow, "existing", "token_expired")
    hass.config_entries.async_update_entry(core, data={CONF_TOKEN: valid})
    assert creates_entry(await submit_form(hass, flow))


async def test_existing_of_different_gateway(hass: HomeAssistant, gateway: Gateway) -> None:
    """The Enphase Envoy entry of a different gateway isn't offered."""
    MockConfigEntry(domain=CORE_DOMAIN, unique_id="999").add_to_hass(hass)
    assert (await open_sign_in_menu(hass, gateway))["menu_options"] == ["cloud", "token"]


async def test_existing_without_a_token(hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry) -> None:
    """An entry of Enphase Envoy that has no token, or was removed since the menu was shown, can't be shared."""
    data = dict(core.data)
    hass.config_entries.async_update_entry(core, data={CONF_HOST: gateway.host})
    flow = await select_option(hass, await open_sign_in_menu(hass, gateway), "existing")
    assert shows_form(flow, "existing", "not_a_token")
    await hass.config_entries.async_remove(core.entry_id)
    flow = await submit_form(hass, flow)
    assert shows_form(flow, "existing", "not_a_token")
    MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial, data=data).add_to_hass(hass)
    assert creates_entry(await submit_form(hass, flow))


async def test_existing_of_a_configured_gateway(
    hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry, entry: MockConfigEntry
) -> None:
    """The host of a gateway that is configured already isn't suggested."""
    entry.add_to_hass(hass)
    assert suggested_values(await start_flow(hass)) == {}


async def test_several_existing(hass: HomeAssistant, gateway: Gateway, core: MockConfigEntry) -> None:
    """With several Enphase Envoy entries, the host of the first one is suggested."""
    MockConfigEntry(domain=CORE_DOMAIN, unique_id=OTHER_SERIAL, data={CONF_HOST: "192.0.2.1"}).add_to_hass(hass)
    assert suggested_values(await start_flow(hass)) == {CONF_HOST: gateway.host}


async def test_existing_is_ignored(hass: HomeAssistant, gateway: Gateway) -> None:
    """An ignored entry of Enphase Envoy has no sign-in to share, and no host to suggest."""
    MockConfigEntry(domain=CORE_DOMAIN, unique_id=gateway.serial, source=SOURCE_IGNORE).add_to_hass(hass)
    flow = await start_flow(hass)
    assert suggested_values(flow) == {}
    flow = await submit_form(hass, flow, host=gateway.host)
    assert flow["menu_options"] == ["cloud", "token"]


# --- Current sign-in


async def test_keep(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """With a new host, the current sign-in can be kept; for a different gateway it isn't used."""
    before = dict(loaded_entry.data)
    other = Gateway(serial="122300000002")
    await other.start()
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry_id=loaded_entry.entry_id)
    flow = await submit_form(hass, flow, host=other.host)
    assert shows_form(flow, "replaced")
    assert {request.path for request in other.requests} == {"/info"}
    other.serial = gateway.serial
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry_id=loaded_entry.entry_id)
    flow = await submit_form(hass, flow, host=f"https://{other.host}/home")
    assert flow["menu_options"] == ["keep", "cloud", "token"]
    flow = await select_option(hass, flow, "keep")
    assert aborts(flow, "reconfigure_successful")
    await hass.async_block_till_done()
    assert loaded_entry.data == before | {CONF_HOST: other.host}
    assert loaded_entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    await other.stop()


async def test_keep_an_account(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry
) -> None:
    """A rejected token of an account that is kept is renewed."""
    account = {"username": "owner@example.com", "password": "secret"}
    hass.config_entries.async_update_entry(loaded_entry, data=loaded_entry.data | account | {CONF_SIGN_IN: "cloud"})
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry_id=loaded_entry.entry_id)
    flow = await select_option(hass, await submit_form(hass, flow, host=gateway.host), "keep")
    assert aborts(flow, "reconfigure_successful")
    await hass.async_block_till_done()
    assert loaded_entry.state is ConfigEntryState.LOADED


async def test_keep_an_account_with_an_expired_token(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, loaded_entry: MockConfigEntry
) -> None:
    """With an account an expired token is renewed, and only the new one is sent to the gateway."""
    account = {CONF_USERNAME: "owner@example.com", CONF_PASSWORD: "secret"}
    expired = {CONF_SIGN_IN: SIGN_IN_CLOUD, CONF_TOKEN: gateway.token(lifetime=-60.0)}
    hass.config_entries.async_update_entry(loaded_entry, data=loaded_entry.data | account | expired)
    gateway.clear_sessions()
    gateway.requests.clear()
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry_id=loaded_entry.entry_id)
    flow = await select_option(hass, await submit_form(hass, flow, host=gateway.host), "keep")
    assert aborts(flow, "reconfigure_successful")
    await hass.async_block_till_done()
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert {request.status for request in gateway.requests} == {200}


async def test_keep_an_expired_token(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """Without an account an expired token can't be kept, and it is not sent to the gateway."""
    data = dict(loaded_entry.data)
    hass.config_entries.async_update_entry(loaded_entry, data=data | {CONF_TOKEN: gateway.token(lifetime=-60.0)})
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry_id=loaded_entry.entry_id)
    flow = await submit_form(hass, flow, host=gateway.host)
    gateway.requests.clear()
    flow = await select_option(hass, flow, "keep")
    assert shows_form(flow, "keep", "token_expired")
    assert gateway.requests == []
    hass.config_entries.async_update_entry(loaded_entry, data=data)
    assert aborts(await submit_form(hass, flow), "reconfigure_successful")
    await hass.async_block_till_done()


async def test_reauth_does_not_keep(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """A reauth flow doesn't offer to keep the current sign-in."""
    flow = await start_flow(hass, SOURCE_REAUTH, entry_id=loaded_entry.entry_id)
    flow = await submit_form(hass, flow, host=gateway.host)
    assert flow["menu_options"] == ["cloud", "token"]


async def test_keep_rejected_token(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """A rejected token can't be kept."""
    gateway.revoke(loaded_entry.data[CONF_TOKEN])
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry_id=loaded_entry.entry_id)
    flow = await submit_form(hass, flow, host=gateway.host)
    flow = await select_option(hass, flow, "keep")
    assert shows_form(flow, "keep", "invalid_auth")
