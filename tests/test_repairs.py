"""Repair issues: of a token that ends, and of a gateway that no longer offers its data."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryDisabler
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.loader import async_get_integration
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import DOMAIN
from custom_components.enphase_secctrl.repairs import async_create_fix_flow
from tests.flows import aborts, answer, choose
from tests.gateway import Gateway, Status
from tests.shown import poll, states

DAY = 86400.0


async def test_token_ends(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """30 days before a pasted token ends the user is told, led to the form, and told no more."""
    assert await async_setup_component(hass, REPAIRS, {})
    await poll(hass, freezer, 334.9 * DAY)
    assert ir.async_get(hass).issues == {}
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
    flow = await answer(hass, flow, host=gateway.host)
    flow = await choose(hass, flow, "token")
    flow = await answer(hass, flow, token=gateway.token())
    assert aborts(flow, "reauth_successful")
    await hass.async_block_till_done()
    assert ir.async_get(hass).issues == {}


async def test_no_secctrl(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A gateway that answers 404 after it worked is an issue, until it works again."""
    gateway.answer("/ivp/ensemble/secctrl", Status(404))
    await poll(hass, freezer)
    (issue,) = ir.async_get(hass).issues.values()
    assert (issue.translation_key, issue.is_fixable) == ("no_secctrl", False)
    integration = await async_get_integration(hass, DOMAIN)
    assert issue.learn_more_url == integration.manifest["issue_tracker"]
    gateway.clear()
    await poll(hass, freezer, 21)
    assert ir.async_get(hass).issues == {}
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])


@pytest.mark.parametrize("running", [True, False])
async def test_disabled(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory, running: bool
) -> None:
    """A disabled entry needs no repair; enabled again, it tells what it finds."""
    gateway.answer("/ivp/ensemble/secctrl", Status(404))
    if not running:
        await hass.config_entries.async_reload(loaded.entry_id)
    await poll(hass, freezer)
    assert len(ir.async_get(hass).issues) == 1
    await hass.config_entries.async_set_disabled_by(loaded.entry_id, ConfigEntryDisabler.USER)
    await hass.async_block_till_done()
    assert ir.async_get(hass).issues == {}
    await hass.config_entries.async_set_disabled_by(loaded.entry_id, None)
    await hass.async_block_till_done()
    assert len(ir.async_get(hass).issues) == 1
    gateway.clear()
    await hass.config_entries.async_reload(loaded.entry_id)
    assert ir.async_get(hass).issues == {}


async def test_removal(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A removed entry takes its issues along, and a fix that comes too late does nothing."""
    gateway.answer("/ivp/ensemble/secctrl", Status(404))
    await poll(hass, freezer)
    await hass.config_entries.async_remove(loaded.entry_id)
    assert ir.async_get(hass).issues == {}
    late = await async_create_fix_flow(hass, "late", {"entry_id": loaded.entry_id, "kind": "token_ends"})
    assert type(late).__name__ == "ConfirmRepairFlow"
    assert CONF_TOKEN not in str(late)
