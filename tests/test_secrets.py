"""No secret and no text from a server appears in logs, flows, states, issues, exceptions, or diagnostics."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN, User
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_TOKEN, MATCH_ALL
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.enphase_secctrl.const import CORE_DOMAIN
from tests.emulator import (
    Body,
    Cloud,
    Gateway,
    LoginResponse,
    RouteAResponse,
    Status,
)
from tests.secret_scan import (
    CHECK_CODE,
    CHECK_JWT,
    DAY,
    EMAIL,
    FAULTS,
    LOGIN,
    PAGE,
    PASSWORD,
    ROUTES,
    SECCTRL,
    SEND_CODE,
    SERVER_TEXT,
    WRONG_CODE,
    WRONG_PASSWORD,
    WRONG_TOKEN,
    SecretScan,
)

NOT_EMPTY = [faults for faults in FAULTS if faults != (Body(b""),)]
"""An empty body of the cloud means success."""


@pytest.fixture
async def scan(
    hass: HomeAssistant,
    gateway: Gateway,
    cloud: Cloud,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    hass_admin_user: User,
    caplog: pytest.LogCaptureFixture,
) -> SecretScan:
    """A Home Assistant without entries that logs everything."""
    caplog.set_level(logging.DEBUG)
    for name in ("aiohttp", "asyncio", "homeassistant", "custom_components", *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    for component in ("config", "diagnostics", "repairs"):
        assert await async_setup_component(hass, component, {})
    refresh = await hass.auth.async_create_refresh_token(
        hass_admin_user,
        client_name="browser",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=3650),
    )
    scan = SecretScan(
        hass=hass,
        gateway=gateway,
        cloud=cloud,
        freezer=freezer,
        client=await hass_client_no_auth(),
        headers={"Authorization": f"Bearer {hass.auth.async_create_access_token(refresh)}"},
        caplog=caplog,
    )
    hass.bus.async_listen(MATCH_ALL, scan.record_event)
    gateway.payload["owner"] = SERVER_TEXT
    cloud.add_account(EMAIL, PASSWORD)
    scan.end_faults()
    return scan


async def test_token(scan: SecretScan) -> None:
    """A pasted token: setup, faults, a rejected token, an expiring one, and removal."""
    flow = await scan.select(await scan.open_menu(), "token")
    for wrong in (WRONG_TOKEN, PASSWORD, scan.token(serial="202200000002"), scan.token(lifetime=-1.0)):
        flow = await scan.submit(flow, token=wrong)
        assert flow["errors"], wrong
    token = scan.token()
    for faults in FAULTS:
        scan.inject_faults(scan.gateway, [SECCTRL, CHECK_JWT], faults)
        flow = await scan.submit(flow, token=token)
        assert flow["errors"], faults
        scan.end_faults()
    flow = await scan.submit(flow, token=token)
    assert flow["type"] == "create_entry"
    await scan.hass.async_block_till_done()
    await scan.poll_with_faults()
    scan.gateway.revoke(token)
    for _ in range(4):
        await scan.poll(101)
    flow = await scan.submit(await scan.open_reauth(), host=scan.gateway.host)
    flow = await scan.select(flow, "token")
    flow = await scan.submit(flow, token=token)
    assert flow["errors"] == {"base": "invalid_auth"}
    flow = await scan.submit(flow, token=scan.token(lifetime=20 * DAY))
    assert flow["reason"] == "reauth_successful"
    await scan.poll(19 * DAY)
    fix = await scan.fix(await scan.fix())
    assert fix["reason"] == "sign_in_again"
    await scan.open_reauth()
    (entry,) = scan.entries
    flow = await scan.select(await scan.open_menu(entry_id=entry.entry_id), "keep")
    assert flow["reason"] == "reconfigure_successful"
    await scan.poll(5 * DAY)
    assert await scan.finish() == []


async def test_account(scan: SecretScan) -> None:
    """An account: wrong passwords, faults of the cloud, renewals, and rejected ones."""
    flow = await scan.select(await scan.open_menu(), "cloud")
    flow = await scan.submit(flow, username=EMAIL, password=WRONG_PASSWORD)
    assert flow["errors"] == {"base": "invalid_auth"}
    logins: tuple[LoginResponse, ...] = ("blocked", "too_many", "login_form")
    for login in logins:
        scan.cloud.login_response = login
        flow = await scan.submit(flow, username=EMAIL, password=PASSWORD)
        assert flow["errors"], login
    scan.cloud.login_response = "ok"
    for paths in ((LOGIN,), ROUTES):
        for faults in NOT_EMPTY:
            scan.inject_faults(scan.cloud, paths, faults)
            flow = await scan.submit(flow, username=EMAIL, password=PASSWORD)
            assert flow["errors"], faults
            scan.end_faults()
    routes: tuple[RouteAResponse, ...] = ("400", "403", "error_text", "json")
    for route in routes:
        scan.cloud.route_a_response = route
        scan.inject_faults(scan.cloud, ROUTES[1:], [Status(502, body=PAGE)])
        flow = await scan.submit(flow, username=EMAIL, password=PASSWORD)
        scan.end_faults()
    assert flow["type"] == "create_entry"
    await scan.hass.async_block_till_done()
    (entry,) = scan.entries
    await scan.poll_with_faults()
    for faults in FAULTS:
        scan.inject_faults(scan.cloud, [LOGIN], faults)
        scan.gateway.revoke(entry.data[CONF_TOKEN])
        await scan.poll(3700)
        scan.end_faults()
        await scan.poll(3700)
    scan.cloud.add_account(EMAIL, WRONG_PASSWORD)
    await scan.poll(340 * DAY)
    await scan.poll(40 * DAY)
    flow = await scan.submit(await scan.open_reauth(), host=scan.gateway.host)
    flow = await scan.select(flow, "cloud")
    flow = await scan.submit(flow, username=EMAIL, password=PASSWORD)
    assert flow["errors"] == {"base": "invalid_auth"}
    flow = await scan.submit(flow, username=EMAIL, password=WRONG_PASSWORD)
    assert flow["reason"] == "reauth_successful"
    await scan.poll(335 * DAY)
    await scan.poll()
    assert entry.state is ConfigEntryState.LOADED
    assert await scan.finish() == []


async def test_code(scan: SecretScan) -> None:
    """An account with a verification code: faults, a wrong code, and the correct one."""
    scan.cloud.add_account(EMAIL, PASSWORD, mfa=True)
    scan.cloud.requires_csrf = True
    flow = await scan.select(await scan.open_menu(), "cloud")
    for path, user_input in ((SEND_CODE, {"send_again": True}), (CHECK_CODE, {"code": WRONG_CODE})):
        for faults in NOT_EMPTY:
            flow = await _code_form(scan, flow)
            scan.freezer.tick(31)
            scan.inject_faults(scan.cloud, [path], faults)
            flow = await scan.submit(flow, **user_input)
            assert flow["errors"], faults
            scan.end_faults()
    flow = await _code_form(scan, flow)
    flow = await scan.submit(flow, code=WRONG_CODE)
    assert flow["errors"] == {"base": "invalid_code"}
    scan.codes.append(scan.cloud.last_code(EMAIL))
    scan.secrets.update(b64encode(code.encode()).decode() for code in scan.codes)
    flow = await scan.submit(flow, code=scan.codes[-1])
    assert flow["type"] == "create_entry"
    await scan.hass.async_block_till_done()
    await scan.poll()
    assert await scan.finish() == []


async def _code_form(scan: SecretScan, flow: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of the code, which at most two submitted forms lead to."""
    user_input: dict[str, dict[str, object]] = {
        "cloud": {"username": EMAIL, "password": PASSWORD},
        "code": {"send_again": True},
    }
    result = {**flow}
    for _ in range(2):
        scan.freezer.tick(31)
        result = await scan.submit(result, **user_input[result["step_id"]])
    assert result["step_id"] == "code", result["errors"]
    scan.codes.append(scan.cloud.last_code(EMAIL))
    return result


async def test_shared(scan: SecretScan) -> None:
    """The token of Enphase Envoy: invalid, valid, rejected, replaced, and removed."""
    core = MockConfigEntry(
        domain=CORE_DOMAIN,
        unique_id=scan.gateway.serial,
        data={CONF_HOST: scan.gateway.host, CONF_TOKEN: WRONG_TOKEN, "username": EMAIL, "password": PASSWORD},
    )
    core.add_to_hass(scan.hass)
    flow = await scan.select(await scan.open_menu(), "existing")
    assert flow["errors"] == {"base": "not_a_token"}
    token = scan.token()
    scan.hass.config_entries.async_update_entry(core, data={**core.data, CONF_TOKEN: token})
    flow = await scan.submit(flow)
    assert flow["type"] == "create_entry"
    await scan.hass.async_block_till_done()
    (entry,) = scan.entries
    await scan.poll_with_faults()
    scan.gateway.revoke(token)
    await scan.poll()
    for text in (WRONG_TOKEN, scan.token(serial="202200000002"), scan.token(lifetime=-1.0), scan.token()):
        scan.hass.config_entries.async_update_entry(core, data={**core.data, CONF_TOKEN: text})
        await scan.poll()
    await scan.hass.config_entries.async_remove(core.entry_id)
    await scan.poll()
    await scan.open_reauth()
    await scan.hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert await scan.finish() == []


async def test_certificate(scan: SecretScan) -> None:
    """Failed setups, a pinned certificate that changes, and a different gateway at the host."""
    flow = await scan.select(await scan.open_menu(), "token")
    flow = await scan.submit(flow, token=scan.token())
    await scan.hass.async_block_till_done()
    (entry,) = scan.entries
    for faults in FAULTS:
        scan.inject_faults(scan.gateway, ["*"], faults)
        await scan.hass.config_entries.async_reload(entry.entry_id)
        scan.record_errors()
        await scan.download_diagnostics()
        assert entry.state is not ConfigEntryState.LOADED, faults
        scan.end_faults()
    await scan.hass.config_entries.async_reload(entry.entry_id)
    options = await scan.request("config/config_entries/options/flow", {"handler": entry.entry_id})
    path = f"config/config_entries/options/flow/{options['flow_id']}"
    for faults in FAULTS:
        scan.inject_faults(scan.gateway, ["/info"], faults)
        options = await scan.request(path, {"scan_interval": 10, "pin_certificate": True})
        assert options["errors"], faults
        scan.end_faults()
    options = await scan.request(path, {"scan_interval": 10, "pin_certificate": True})
    assert options["type"] == "create_entry"
    await scan.hass.async_block_till_done()
    scan.gateway.state = "refused"
    await scan.poll()
    scan.gateway.replace_certificate()
    scan.gateway.state = "up"
    await scan.poll()
    fix = await scan.fix()
    scan.gateway.replace_certificate()
    fix = await scan.fix(fix)
    assert fix["errors"] == {"base": "certificate_changed"}
    fix = await scan.fix(fix)
    assert fix["type"] == "create_entry"
    await scan.hass.async_block_till_done()
    serial, scan.gateway.serial = scan.gateway.serial, "202200000002"
    await scan.hass.config_entries.async_reload(entry.entry_id)
    assert entry.error_reason_translation_key == "wrong_gateway"
    scan.gateway.serial = serial
    await scan.poll(601)
    assert entry.state is ConfigEntryState.LOADED
    assert await scan.finish() == []
