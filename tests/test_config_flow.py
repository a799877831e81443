"""The config flow: the host of a gateway, and the flows that start with it: user, reauth, and reconfigure."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
import socket
from typing import override

from aiohttp.abc import ResolveResult
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.homeassistant import DOMAIN as HOMEASSISTANT_DOMAIN, SERVICE_UPDATE_ENTITY
from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import aiohttp_client, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_SIGN_IN, DOMAIN, SIGN_IN_CLOUD, SIGN_IN_TOKEN
from tests.emulator import Cloud, Gateway, Status
from tests.entity_states import entity_states
from tests.faults import CallFirst, Held
from tests.flow_faults import INFO, INFO_FAULTS, REPORT_FAULTS, SECCTRL, InjectFault, end_faults, take_paths
from tests.flow_manager import (
    aborts,
    creates_entry,
    reauth_flows,
    select_option,
    set_options,
    shows_form,
    start_flow,
    submit_form,
    suggested_values,
)
from tests.issues import issue_keys
from tests.network import FakeNetwork, FakeResolver
from tests.polling import fail_until_unavailable, poll, reject_until_final

ACCOUNT = {CONF_USERNAME: "owner@example.com", CONF_PASSWORD: "secret"}
SETUP = [INFO, SECCTRL]


def shows_menu(flow: ConfigFlowResult) -> bool:
    """Return whether the flow shows the menu of the sign-in."""
    return (flow["type"], flow["step_id"]) == (FlowResultType.MENU, "sign_in")


# --- User


@pytest.mark.parametrize("spelling", ["  {}\n", "https://{}", "http://{}/home?x=1#overview", "https://u:p@{}/"])
async def test_short_host(hass: HomeAssistant, gateway: Gateway, spelling: str) -> None:
    """Whatever is pasted, the entry has only the host."""
    flow = await submit_form(hass, await start_flow(hass), host=spelling.format(gateway.host))
    flow = await submit_form(hass, await select_option(hass, flow, "token"), token=gateway.token())
    assert flow["data"][CONF_HOST] == gateway.host


async def test_menu(hass: HomeAssistant, gateway: Gateway) -> None:
    """The menu shows which gateway was found; the gateway has received no token."""
    flow = await submit_form(hass, await start_flow(hass), host=gateway.host)
    assert shows_menu(flow)
    assert flow["menu_options"] == ["cloud", "token"]
    assert flow["description_placeholders"]
    assert flow["description_placeholders"]["serial"] == gateway.serial
    assert flow["description_placeholders"]["host"] == gateway.host
    assert take_paths(gateway) == [INFO]


@pytest.mark.parametrize("host", ["", "my envoy", "ftp://envoy.local", "envoy:99999"])
async def test_invalid_host(hass: HomeAssistant, gateway: Gateway, host: str) -> None:
    """An invalid host is shown again, to be corrected."""
    flow = await submit_form(hass, await start_flow(hass), host=host)
    assert shows_form(flow, "user", "invalid_host")
    assert suggested_values(flow) == {CONF_HOST: host}
    assert shows_menu(await submit_form(hass, flow, host=gateway.host))
    assert take_paths(gateway) == [INFO]


@pytest.mark.parametrize(("inject_fault", "error"), INFO_FAULTS)
async def test_host_fails(hass: HomeAssistant, gateway: Gateway, inject_fault: InjectFault, error: str) -> None:
    """An error of the gateway is shown in the form of the host, which is still filled in."""
    inject_fault(gateway)
    flow = await submit_form(hass, await start_flow(hass), host=gateway.host)
    assert shows_form(flow, "user", error)
    assert suggested_values(flow) == {CONF_HOST: gateway.host}
    end_faults(gateway)
    assert shows_menu(await submit_form(hass, flow, host=gateway.host))


async def test_unknown_hostname(hass: HomeAssistant, gateway: Gateway) -> None:
    """A hostname that can't be resolved is shown again, to be corrected."""
    flow = await submit_form(hass, await start_flow(hass), host="envoy.invalid")
    assert shows_form(flow, "user", "cannot_connect")
    assert shows_menu(await submit_form(hass, flow, host=gateway.host))


class BrokenResolver(FakeResolver):
    """A resolver with a bug."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raise an exception that the integration doesn't expect."""
        raise ZeroDivisionError


async def test_unexpected_exception(
    hass: HomeAssistant, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected exception is logged, and the flow can be continued."""
    monkeypatch.setattr(aiohttp_client, "_async_make_resolver", lambda _: BrokenResolver({}))
    flow = await submit_form(hass, await start_flow(hass), host="envoy.local")
    assert shows_form(flow, "user", "unknown")
    assert suggested_values(flow) == {CONF_HOST: "envoy.local"}
    assert "Unexpected exception in the step user" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert shows_menu(await submit_form(hass, flow, host=gateway.host))


async def test_already_configured(hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """A gateway can't be added twice."""
    entry.add_to_hass(hass)
    flow = await submit_form(hass, await start_flow(hass), host=gateway.host)
    assert aborts(flow, "already_configured")
    assert take_paths(gateway) == [INFO]


async def test_two_flows(hass: HomeAssistant, gateway: Gateway) -> None:
    """If two flows add the same gateway, the first one to finish creates the entry, and the other one is aborted."""
    flow = await submit_form(hass, await start_flow(hass), host=gateway.host)
    assert shows_menu(await submit_form(hass, await start_flow(hass), host=gateway.host))
    flow = await submit_form(hass, await select_option(hass, flow, "token"), token=gateway.token())
    assert creates_entry(flow)
    assert hass.config_entries.flow.async_progress() == []


async def test_closed_during_a_request(hass: HomeAssistant, gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    """A flow that is closed during a request logs no error."""
    flow = await submit_form(hass, await start_flow(hass), host=gateway.host)
    flow = await select_option(hass, flow, "token")
    gateway.inject(INFO, CallFirst(lambda: hass.config_entries.flow.async_abort(flow["flow_id"])))
    with pytest.raises(UnknownFlow):
        await submit_form(hass, flow, token=gateway.token())
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert hass.config_entries.async_entries(DOMAIN) == []


@pytest.mark.parametrize("step", ["token", "cloud"])
async def test_closed(hass: HomeAssistant, gateway: Gateway, cloud: Cloud, step: str) -> None:
    """A flow that is closed creates no entry."""
    flow = await submit_form(hass, await start_flow(hass), host=gateway.host)
    flow = await select_option(hass, flow, step)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    assert hass.config_entries.flow.async_progress() == []
    assert hass.config_entries.async_entries(DOMAIN) == []


# --- Reauth


@pytest.fixture
async def reauth_menu(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """A reauth flow that shows the menu of the sign-in."""
    entry.add_to_hass(hass)
    flow = await start_flow(hass, SOURCE_REAUTH, entry.entry_id)
    assert shows_form(flow, "reauth_confirm")
    assert suggested_values(flow) == {CONF_HOST: entry.data[CONF_HOST]}
    flow = await submit_form(hass, flow, host=entry.data[CONF_HOST])
    assert shows_menu(flow)
    return flow


async def test_reauth_with_token(
    hass: HomeAssistant, gateway: Gateway, reauth_menu: ConfigFlowResult, entry: MockConfigEntry
) -> None:
    """A new token replaces the old one, and the entry is set up."""
    token = gateway.token()
    flow = await submit_form(hass, await select_option(hass, reauth_menu, "token"), token=token)
    assert aborts(flow, "reauth_successful")
    await hass.async_block_till_done()
    assert entry.data == {CONF_HOST: gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: token}
    assert entry.state is ConfigEntryState.LOADED
    assert take_paths(gateway) == [INFO, *SETUP, *SETUP]


async def test_reauth_changes_sign_in(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, reauth_menu: ConfigFlowResult, entry: MockConfigEntry
) -> None:
    """The kind of sign-in can be changed; a password that isn't needed anymore is deleted."""
    flow = await submit_form(hass, await select_option(hass, reauth_menu, "cloud"), **ACCOUNT)
    assert aborts(flow, "reauth_successful")
    assert (entry.data[CONF_SIGN_IN], entry.data[CONF_PASSWORD]) == (SIGN_IN_CLOUD, "secret")
    await hass.async_block_till_done()
    flow = await submit_form(hass, await start_flow(hass, SOURCE_REAUTH, entry.entry_id), host=gateway.host)
    flow = await submit_form(hass, await select_option(hass, flow, "token"), token=gateway.token())
    assert aborts(flow, "reauth_successful")
    await hass.async_block_till_done()
    assert entry.data.keys() == {CONF_HOST, CONF_SIGN_IN, CONF_TOKEN}


@pytest.mark.parametrize(("inject_fault", "error"), REPORT_FAULTS)
async def test_reauth_fails(
    hass: HomeAssistant,
    gateway: Gateway,
    reauth_menu: ConfigFlowResult,
    entry: MockConfigEntry,
    inject_fault: InjectFault,
    error: str,
) -> None:
    """An error of the gateway doesn't change the entry, and the form can be submitted again."""
    before, token = dict(entry.data), gateway.token()
    flow = await select_option(hass, reauth_menu, "token")
    inject_fault(gateway)
    flow = await submit_form(hass, flow, token=token)
    assert shows_form(flow, "token", error)
    assert entry.data == before
    end_faults(gateway)
    assert aborts(await submit_form(hass, flow, token=token), "reauth_successful")
    await hass.async_block_till_done()


# --- Reconfigure


@pytest.fixture
async def reconfigure_form(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """A reconfigure flow that shows the form of the host."""
    entry.add_to_hass(hass)
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry.entry_id)
    assert shows_form(flow, "reconfigure")
    assert suggested_values(flow) == {CONF_HOST: entry.data[CONF_HOST]}
    return flow


@pytest.fixture
async def moved_gateway(gateway: Gateway) -> AsyncGenerator[Gateway]:
    """The same gateway at a new address."""
    moved = Gateway(serial=gateway.serial)
    await moved.start()
    yield moved
    await moved.stop()


async def test_reconfigure(
    hass: HomeAssistant,
    gateway: Gateway,
    moved_gateway: Gateway,
    reconfigure_form: ConfigFlowResult,
    entry: MockConfigEntry,
) -> None:
    """The entry has the new host and the new token; the old address receives no request."""
    token = gateway.token()
    flow = await submit_form(hass, reconfigure_form, host=f"http://{moved_gateway.host}/home")
    flow = await submit_form(hass, await select_option(hass, flow, "token"), token=token)
    assert aborts(flow, "reconfigure_successful")
    await hass.async_block_till_done()
    assert entry.data == {CONF_HOST: moved_gateway.host, CONF_SIGN_IN: SIGN_IN_TOKEN, CONF_TOKEN: token}
    assert entry.state is ConfigEntryState.LOADED
    assert take_paths(moved_gateway) == [INFO, *SETUP, *SETUP]
    assert take_paths(gateway) == []


async def test_reconfigure_changes_sign_in(
    hass: HomeAssistant, gateway: Gateway, cloud: Cloud, reconfigure_form: ConfigFlowResult, entry: MockConfigEntry
) -> None:
    """The sign-in can be changed without changing the host."""
    flow = await submit_form(hass, reconfigure_form, host=gateway.host)
    flow = await submit_form(hass, await select_option(hass, flow, "cloud"), **ACCOUNT)
    assert aborts(flow, "reconfigure_successful")
    await hass.async_block_till_done()
    assert (entry.data[CONF_HOST], entry.data[CONF_SIGN_IN]) == (gateway.host, SIGN_IN_CLOUD)


@pytest.mark.parametrize(("inject_fault", "error"), INFO_FAULTS)
async def test_reconfigure_fails(
    hass: HomeAssistant,
    moved_gateway: Gateway,
    reconfigure_form: ConfigFlowResult,
    entry: MockConfigEntry,
    inject_fault: InjectFault,
    error: str,
) -> None:
    """An error doesn't change the entry, and no token is sent."""
    before = dict(entry.data)
    inject_fault(moved_gateway)
    flow = await submit_form(hass, reconfigure_form, host=moved_gateway.host)
    assert shows_form(flow, "reconfigure", error)
    assert suggested_values(flow) == {CONF_HOST: moved_gateway.host}
    assert set(take_paths(moved_gateway)) <= {INFO}
    assert entry.data == before
    end_faults(moved_gateway)
    assert shows_menu(await submit_form(hass, flow, host=moved_gateway.host))


async def test_pinned_certificate(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A flow only accepts the pinned certificate; otherwise there is an issue until the next successful poll."""
    hass.config_entries.async_update_entry(loaded_entry, options={"certificate": gateway.fingerprint.hex()})
    gateway.replace_certificate()
    gateway.requests.clear()
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry_id=loaded_entry.entry_id)
    assert shows_form(await submit_form(hass, flow, host=gateway.host), "reconfigure", "certificate_changed")
    assert gateway.requests == []
    assert issue_keys(hass) == ["certificate_changed"]
    await poll(hass, freezer)  # on the connection that has seen the pinned one
    assert issue_keys(hass) == []


@pytest.mark.parametrize("source", [SOURCE_REAUTH, SOURCE_RECONFIGURE])
async def test_certificate_of_a_disabled_entry_changes(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, source: str
) -> None:
    """A flow shows that the certificate has changed, but a disabled entry has no issue."""
    await set_options(hass, loaded_entry, 10, pin_certificate=True)
    await hass.config_entries.async_set_disabled_by(loaded_entry.entry_id, ConfigEntryDisabler.USER)
    gateway.replace_certificate()
    gateway.listener.close_connections()
    flow = await start_flow(hass, source, loaded_entry.entry_id)
    step = flow["step_id"]
    assert step
    assert shows_form(await submit_form(hass, flow, host=gateway.host), step, "certificate_changed")
    assert issue_keys(hass) == []
    gateway.restore_certificate()
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {CONF_HOST: gateway.host})
    assert flow["step_id"] == "sign_in"


async def test_pinned_certificate_at_new_host(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry
) -> None:
    """A different certificate at a new host creates no issue: the old host may still have the pinned one."""
    hass.config_entries.async_update_entry(loaded_entry, options={"certificate": gateway.fingerprint.hex()})
    other = Gateway()
    other.replace_certificate()
    await other.start()
    flow = await start_flow(hass, SOURCE_RECONFIGURE, entry_id=loaded_entry.entry_id)
    assert shows_form(await submit_form(hass, flow, host=other.host), "reconfigure", "certificate_changed")
    assert issue_keys(hass) == []
    await other.stop()


# --- Concurrent flows, and flows that stay open


async def test_two_flows_end_at_once(hass: HomeAssistant, gateway: Gateway, network: FakeNetwork) -> None:
    """While a flow reads the gateway, a different flow adds it under its hostname: the first flow is aborted."""
    held = Held()
    network.ports["envoy.local"] = (gateway.port,)
    flows = []
    for host in (gateway.host, "envoy.local"):
        flow = await submit_form(hass, await start_flow(hass), host=host)
        flows.append(await select_option(hass, flow, "token"))
    gateway.inject(SECCTRL, held, times=1)
    first = asyncio.create_task(submit_form(hass, flows[0], token=gateway.token()))
    await held.holding.wait()
    second = await submit_form(hass, flows[1], token=gateway.token())
    assert creates_entry(second)
    gateway.clear_faults()
    assert aborts(await first, "already_configured")
    assert hass.config_entries.async_entries(DOMAIN) == [second["result"]]
    assert second["result"].state is ConfigEntryState.LOADED


async def test_added_meanwhile(hass: HomeAssistant, gateway: Gateway, network: FakeNetwork) -> None:
    """While a flow reads the serial number, a different flow adds the gateway: the first flow is aborted."""
    held = Held()
    network.ports["envoy.local"] = (gateway.port,)
    flow = await select_option(hass, await submit_form(hass, await start_flow(hass), host="envoy.local"), "token")
    gateway.inject(INFO, held, times=1)
    late = asyncio.create_task(submit_form(hass, await start_flow(hass), host=gateway.host))
    await held.holding.wait()
    assert creates_entry(await submit_form(hass, flow, token=gateway.token()))
    gateway.clear_faults()
    assert aborts(await late, "already_configured")


async def test_reconfigure_stays_open(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """An open reconfigure flow outlasts an outage, the recovery, and a reload."""
    flow = await start_flow(hass, SOURCE_RECONFIGURE, loaded_entry.entry_id)
    gateway.state = "refused"
    await fail_until_unavailable(hass, freezer)
    gateway.state = "up"
    await poll(hass, freezer, 61)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    flow = await select_option(hass, await submit_form(hass, flow, host=gateway.host), "token")
    assert aborts(await submit_form(hass, flow, token=gateway.token()), "reconfigure_successful")
    await hass.async_block_till_done()


async def test_reauth_before_the_token_expires(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A reauth flow that the repair of an expiring token has started stays open while polls succeed."""
    assert await async_setup_component(hass, REPAIRS, {})
    await hass.async_block_till_done(wait_background_tasks=True)
    await poll(hass, freezer, 336 * 86400)
    (issue,) = ir.async_get(hass).issues.values()
    manager = repairs_flow_manager(hass)
    assert manager
    fix = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    fix = await manager.async_configure(fix["flow_id"], {})
    await poll(hass, freezer)
    await poll(hass, freezer)
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    (reauth,) = reauth_flows(hass)
    assert fix["next_flow"] == ("config_flow", reauth)
    flow = await submit_form(hass, await hass.config_entries.flow.async_configure(reauth), host=gateway.host)
    flow = await select_option(hass, flow, "token")
    assert aborts(await submit_form(hass, flow, token=gateway.token()), "reauth_successful")
    await hass.async_block_till_done()
    assert reauth_flows(hass) == []


async def test_reauth_of_a_token_that_is_accepted_again(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A reauth flow for a rejected token is closed by the next successful poll."""
    assert await async_setup_component(hass, HOMEASSISTANT_DOMAIN, {})
    await hass.async_block_till_done(wait_background_tasks=True)
    gateway.inject(SECCTRL, Status(401))
    gateway.inject("/auth/check_jwt", Status(401))
    await reject_until_final(hass, freezer)
    assert len(reauth_flows(hass)) == 1
    gateway.clear_faults()
    soc = {"entity_id": "sensor.iq_gateway_122300000001_state_of_charge"}
    await hass.services.async_call(HOMEASSISTANT_DOMAIN, SERVICE_UPDATE_ENTITY, soc, blocking=True)
    await hass.async_block_till_done()
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert reauth_flows(hass) == []


@pytest.mark.parametrize("source", [SOURCE_REAUTH, SOURCE_RECONFIGURE])
@pytest.mark.parametrize("is_removed", [False, True])
async def test_closed_while_the_token_is_tried(
    hass: HomeAssistant,
    gateway: Gateway,
    loaded_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    source: str,
    is_removed: bool,
) -> None:
    """A flow that is closed, or whose entry is removed, while its token is tried changes nothing."""
    before = dict(loaded_entry.data)
    flow = await submit_form(hass, await start_flow(hass, source, loaded_entry.entry_id), host=gateway.host)
    flow = await select_option(hass, flow, "token")
    held = Held()
    gateway.inject(SECCTRL, held)
    submit = asyncio.create_task(submit_form(hass, flow, token=gateway.token()))
    await held.holding.wait()
    gateway.requests.clear()
    if is_removed:
        await hass.config_entries.async_remove(loaded_entry.entry_id)
    else:
        hass.config_entries.flow.async_abort(flow["flow_id"])
    gateway.clear_faults()
    with suppress(UnknownFlow):
        assert (await submit)["type"] is FlowResultType.ABORT
    await hass.async_block_till_done()
    assert loaded_entry.data == before
    assert gateway.requests == []
    assert (reauth_flows(hass), issue_keys(hass)) == ([], [])
    assert "ERROR" not in caplog.text
