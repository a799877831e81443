"""Repair issues, and the flows that fix them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import (
    DOMAIN as REPAIRS,
    ConfirmRepairFlow,
    RepairsFlowResult,
    repairs_flow_manager,
)
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_TOKEN, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import issue_registry as ir
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.enphase_secctrl.const import DOMAIN, ISSUE_TRACKER
from custom_components.enphase_secctrl.repairs import AcceptCertificateFlow, IssueData, async_create_fix_flow
from tests.emulator import Gateway, OperatingState, Status
from tests.entity_states import entity_states
from tests.faults import Held
from tests.flow_manager import aborts, select_option, set_options, submit_form
from tests.issues import issue_keys
from tests.polling import fail_until_unavailable, poll

DAY = 86400.0


async def test_token_expires(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """30 days before a pasted token expires there is an issue; its fix starts a reauth flow, and that ends it."""
    assert await async_setup_component(hass, REPAIRS, {})
    await poll(hass, freezer, 334.9 * DAY)
    assert issue_keys(hass) == []
    await poll(hass, freezer, 0.2 * DAY)
    (issue,) = ir.async_get(hass).issues.values()
    assert (issue.translation_key, issue.is_fixable) == ("token_ends", True)

    manager = repairs_flow_manager(hass)
    assert manager
    for _ in range(2):
        fix = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
        assert fix["type"] is FlowResultType.FORM
        fix = await manager.async_configure(fix["flow_id"], {})
        assert (fix["type"], fix["reason"]) == (FlowResultType.ABORT, "sign_in_again")
    (reauth,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert reauth["context"]["source"] == SOURCE_REAUTH
    assert fix["next_flow"] == ("config_flow", reauth["flow_id"])
    assert issue.issue_id in {one.issue_id for one in ir.async_get(hass).issues.values()}

    flow = await hass.config_entries.flow.async_configure(reauth["flow_id"])
    flow = await submit_form(hass, flow, host=gateway.host)
    flow = await select_option(hass, flow, "token")
    flow = await submit_form(hass, flow, token=gateway.token())
    assert aborts(flow, "reauth_successful")
    await hass.async_block_till_done()
    assert issue_keys(hass) == []


async def test_no_secctrl(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A gateway that responds with 404 is an issue, until it responds with data again."""
    gateway.inject("/ivp/ensemble/secctrl", Status(404))
    await poll(hass, freezer)
    (issue,) = ir.async_get(hass).issues.values()
    assert (issue.translation_key, issue.is_fixable) == ("no_secctrl", False)
    integration = await async_get_integration(hass, DOMAIN)
    assert issue.learn_more_url == integration.manifest["issue_tracker"]
    gateway.clear_faults()
    await poll(hass, freezer, 21)
    assert issue_keys(hass) == []
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])


async def test_disabled(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """An entry has no issues while it is disabled, whether it was loaded or in a retry of its setup."""
    gateway.inject("/ivp/ensemble/secctrl", Status(404))
    await poll(hass, freezer)
    for state in (ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY):
        assert loaded_entry.state is state
        assert issue_keys(hass) == ["no_secctrl"]
        await hass.config_entries.async_set_disabled_by(loaded_entry.entry_id, ConfigEntryDisabler.USER)
        await hass.async_block_till_done()
        assert issue_keys(hass) == []
        await hass.config_entries.async_set_disabled_by(loaded_entry.entry_id, None)
        await hass.async_block_till_done()
        assert issue_keys(hass) == ["no_secctrl"]
    gateway.clear_faults()
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    assert issue_keys(hass) == []


async def test_removal(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The issues of a removed entry are deleted, and a fix that is started afterwards does nothing."""
    gateway.inject("/ivp/ensemble/secctrl", Status(404))
    await poll(hass, freezer)
    await hass.config_entries.async_remove(loaded_entry.entry_id)
    assert issue_keys(hass) == []
    flow = await async_create_fix_flow(hass, "late", {"entry_id": loaded_entry.entry_id, "kind": "token_ends"})
    assert type(flow) is ConfirmRepairFlow
    assert CONF_TOKEN not in str(flow)


@pytest.fixture
async def pinned_entry(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, entry: MockConfigEntry
) -> MockConfigEntry:
    """An entry with a title of the user, an interval of 20 s, and the pinned certificate of the gateway."""
    entry.add_to_hass(hass)
    options = {"scan_interval": 20, "certificate": gateway.fingerprint.hex()}
    hass.config_entries.async_update_entry(entry, title="Basement", options=options)
    await hass.config_entries.async_setup(entry.entry_id)
    return entry


async def _let_token_expire(hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory) -> None:
    await poll(hass, freezer, 336 * DAY)
    await poll(hass, freezer, 21)


async def _remove_secctrl(hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory) -> None:
    gateway.inject("/ivp/ensemble/secctrl", Status(404))
    await poll(hass, freezer, 21)


async def _replace_certificate(hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory) -> None:
    """Replace the certificate, and close the connections that were opened with the old one."""
    gateway.replace_certificate()
    gateway.listener.close_connections()
    await poll(hass, freezer, 21)


@pytest.mark.parametrize(
    ("cause", "key", "severity", "is_fixable", "learn_more_url"),
    [
        (_let_token_expire, "token_ends", ir.IssueSeverity.WARNING, True, None),
        (_remove_secctrl, "no_secctrl", ir.IssueSeverity.ERROR, False, ISSUE_TRACKER),
        (_replace_certificate, "certificate_changed", ir.IssueSeverity.ERROR, True, None),
    ],
)
async def test_issues(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    pinned_entry: MockConfigEntry,
    cause: Callable[[HomeAssistant, Gateway, FrozenDateTimeFactory], Awaitable[None]],
    key: str,
    severity: ir.IssueSeverity,
    is_fixable: bool,
    learn_more_url: str | None,
) -> None:
    """Each issue has its severity, texts, and link, and is created once; its title follows that of the entry."""
    date, pinned = entity_states(hass, pinned_entry)["token_expires"][:10], gateway.fingerprint.hex(":").upper()
    events = async_capture_events(hass, ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED)
    await cause(hass, gateway, freezer)
    await poll(hass, freezer, 61)
    placeholders = {
        "token_ends": {"date": date},
        "no_secctrl": {},
        "certificate_changed": {"pinned": pinned, "shown": gateway.fingerprint.hex(":").upper()},
    }[key]
    (issue,) = ir.async_get(hass).issues.values()
    assert (issue.domain, issue.issue_id) == (DOMAIN, f"{key}_{pinned_entry.entry_id}")
    assert (issue.severity, issue.is_fixable, issue.learn_more_url) == (severity, is_fixable, learn_more_url)
    assert (issue.active, issue.is_persistent, issue.issue_domain) == (True, False, None)
    assert (issue.translation_key, issue.translation_placeholders) == (key, {"title": "Basement", **placeholders})
    assert [event.data["action"] for event in events] == ["create"]
    hass.config_entries.async_update_entry(pinned_entry, title="Garage")
    await poll(hass, freezer, 61)
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_placeholders == {"title": "Garage", **placeholders}
    assert [event.data["action"] for event in events] == ["create", "update"]


@pytest.mark.parametrize("cause", [_remove_secctrl, _replace_certificate])
@pytest.mark.parametrize("state", ["refused", "bad_gateway"])
async def test_issue_outlasts_an_outage(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    pinned_entry: MockConfigEntry,
    cause: Callable[[HomeAssistant, Gateway, FrozenDateTimeFactory], Awaitable[None]],
    state: OperatingState,
) -> None:
    """A temporary error leaves an issue as it is; the next successful poll deletes the issue."""
    await cause(hass, gateway, freezer)
    events = async_capture_events(hass, ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED)
    gateway.state = state
    await fail_until_unavailable(hass, freezer)
    assert events == []
    assert len(ir.async_get(hass).issues) == 1
    gateway.clear_faults()
    gateway.restore_certificate()
    gateway.state = "refused"
    await poll(hass, freezer, 61)
    gateway.state = "up"
    await poll(hass, freezer, 61)
    assert [event.data["action"] for event in events] == ["remove"]
    assert entity_states(hass, pinned_entry)["agg_soc"] == str(gateway.payload["agg_soc"])


async def test_reminder_in_an_outage(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, loaded_entry: MockConfigEntry
) -> None:
    """The user is reminded of a token that expires soon even while the gateway doesn't respond."""
    gateway.state = "refused"
    await poll(hass, freezer, 336 * DAY)
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "token_ends"
    gateway.state = "up"
    await poll(hass, freezer, 61)
    assert len(ir.async_get(hass).issues) == 1


async def _start_fix(hass: HomeAssistant) -> RepairsFlowResult:
    """Open the only issue, as the user does."""
    assert await async_setup_component(hass, REPAIRS, {})
    manager = repairs_flow_manager(hass)
    assert manager
    (issue,) = ir.async_get(hass).issues.values()
    return await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})


async def _submit(hass: HomeAssistant, fix: RepairsFlowResult) -> RepairsFlowResult:
    """Submit the form of a fix."""
    manager = repairs_flow_manager(hass)
    assert manager
    return await manager.async_configure(fix["flow_id"], {})


async def test_sign_in_again(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, pinned_entry: MockConfigEntry
) -> None:
    """The repair of a token that expires starts a reauth flow, which stays open while the token still works."""
    await _let_token_expire(hass, gateway, freezer)
    (issue,) = ir.async_get(hass).issues.values()
    fix = await _start_fix(hass)
    assert fix["step_id"] == "confirm"
    assert fix["description_placeholders"] == issue.translation_placeholders
    await _submit(hass, fix)
    (reauth,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert reauth["context"]["entry_id"] == pinned_entry.entry_id
    assert reauth["context"]["unique_id"] == gateway.serial
    assert reauth["context"]["title_placeholders"] == {"name": "Basement"}
    gateway.payload["agg_soc"] = 99
    await poll(hass, freezer, 21)
    assert entity_states(hass, pinned_entry)["agg_soc"] == "99"
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == [reauth]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda gateway: setattr(gateway, "serial", "122300000002"), "wrong_gateway"),
        (Gateway.replace_certificate, "certificate_changed"),
    ],
    ids=["serial", "certificate"],
)
async def test_change_while_the_form_is_open(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    pinned_entry: MockConfigEntry,
    change: Callable[[Gateway], None],
    error: str,
) -> None:
    """The repair only pins the certificate that it has shown, of this gateway, and changes no other option."""
    options, pinned = dict(pinned_entry.options), gateway.fingerprint.hex(":").upper()
    await _replace_certificate(hass, gateway, freezer)
    fix = await _start_fix(hass)
    shown = gateway.fingerprint.hex(":").upper()
    assert fix["description_placeholders"] == {"title": "Basement", "pinned": pinned, "shown": shown}
    gateway.requests.clear()
    change(gateway)
    fix = await _submit(hass, fix)
    assert fix["errors"] == {"base": error}
    shown = gateway.fingerprint.hex(":").upper()
    assert fix["description_placeholders"] == {"title": "Basement", "pinned": pinned, "shown": shown}
    assert pinned_entry.options == options
    assert {request.path for request in gateway.requests} <= {"/info"}
    assert not any(request.bearer or request.cookie for request in gateway.requests)

    gateway.serial = str(pinned_entry.unique_id)
    assert (await _submit(hass, fix))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert pinned_entry.options == {"scan_interval": 20, "certificate": gateway.fingerprint.hex()}
    assert pinned_entry.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).issues == {}


async def test_late_fix(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """An issue without a fix of its own only needs a confirmation."""
    no_secctrl: IssueData = {"entry_id": loaded_entry.entry_id, "kind": "no_secctrl"}
    for data in (None, {}, no_secctrl):
        fix = await async_create_fix_flow(hass, "late", data)
        assert type(fix) is ConfirmRepairFlow


async def test_accept_certificate(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Nothing is sent to a gateway with a new certificate until the user accepts it in the repair."""
    await set_options(hass, loaded_entry, 10, pin_certificate=True)
    gateway.replace_certificate()
    gateway.listener.close_connections()
    gateway.requests.clear()
    await fail_until_unavailable(hass, freezer)
    assert gateway.requests == []
    assert entity_states(hass, loaded_entry)["agg_soc"] == STATE_UNAVAILABLE
    assert issue_keys(hass) == ["certificate_changed"]
    fix = await _start_fix(hass)
    gateway.inject("/info", Status(503))
    fix = await _submit(hass, fix)
    assert fix["errors"] == {"base": "cannot_connect"}
    gateway.clear_faults()
    assert (await _submit(hass, fix))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert loaded_entry.options["certificate"] == gateway.fingerprint.hex()
    assert entity_states(hass, loaded_entry)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert ir.async_get(hass).issues == {}


async def test_accept_certificate_after_unpinning(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry
) -> None:
    """If the option was turned off in the meantime, the repair pins nothing."""
    fix = await async_create_fix_flow(
        hass, "late", {"entry_id": loaded_entry.entry_id, "kind": "certificate_changed", "pinned": "AA", "shown": "BB"}
    )
    assert isinstance(fix, AcceptCertificateFlow)
    fix.hass = hass
    fix.flow_id, fix.handler = "late", DOMAIN
    gateway.requests.clear()
    assert (await fix.async_step_init())["type"] is FlowResultType.CREATE_ENTRY
    assert dict(loaded_entry.options) == {}
    assert gateway.requests == []


@pytest.mark.parametrize("cause", [_let_token_expire, _replace_certificate])
async def test_removed_while_the_form_is_open(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    pinned_entry: MockConfigEntry,
    cause: Callable[[HomeAssistant, Gateway, FrozenDateTimeFactory], Awaitable[None]],
) -> None:
    """The form of a repair whose entry was removed meanwhile says so."""
    await cause(hass, gateway, freezer)
    fix = await _start_fix(hass)
    await hass.config_entries.async_remove(pinned_entry.entry_id)
    gateway.requests.clear()
    fix = await _submit(hass, fix)
    assert (fix["type"], fix["reason"]) == (FlowResultType.ABORT, "entry_removed")
    assert gateway.requests == []


@pytest.mark.parametrize("is_removed", [False, True])
async def test_closed_while_the_certificate_is_read(
    hass: HomeAssistant,
    gateway: Gateway,
    freezer: FrozenDateTimeFactory,
    pinned_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    is_removed: bool,
) -> None:
    """A repair that is closed, or whose entry is removed, while it reads the certificate pins nothing."""
    await _replace_certificate(hass, gateway, freezer)
    options = dict(pinned_entry.options)
    fix = await _start_fix(hass)
    caplog.clear()
    held = Held()
    gateway.inject("/info", held)
    submit = asyncio.create_task(_submit(hass, fix))
    await held.holding.wait()
    if is_removed:
        await hass.config_entries.async_remove(pinned_entry.entry_id)
    else:
        manager = repairs_flow_manager(hass)
        assert manager
        manager.async_abort(fix["flow_id"])
    gateway.clear_faults()
    with suppress(UnknownFlow):
        assert (await submit)["type"] is FlowResultType.ABORT
    await hass.async_block_till_done()
    assert pinned_entry.options == options
    assert "ERROR" not in caplog.text
