"""Options: the update interval, and the pinned certificate with its repair."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import DOMAIN
from custom_components.enphase_secctrl.repairs import AcceptCertificateFlow, async_create_fix_flow
from tests.gateway import Gateway, Status
from tests.shown import outlast, poll, states


async def _set(hass: HomeAssistant, entry: MockConfigEntry, interval: int, *, pin: bool) -> ConfigFlowResult:
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    answers = {"scan_interval": interval, "pin_certificate": pin}
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], answers)
    await hass.async_block_till_done()
    return flow


async def test_interval(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """The interval is in force at once, and never outside 5 to 300 s."""
    flow = await _set(hass, loaded, 60, pin=False)
    assert flow["data"] == {"scan_interval": 60}
    gateway.requests.clear()
    await poll(hass, freezer, 30)
    assert gateway.requests == []
    await poll(hass, freezer, 31)
    assert len(gateway.requests) == 1
    for out_of_bounds in (4, 301):
        with pytest.raises(InvalidData):
            await _set(hass, loaded, out_of_bounds, pin=False)


async def test_pin_and_accept(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """With a pin nothing is sent to another certificate, until the user accepts it by clicking."""
    assert await async_setup_component(hass, REPAIRS, {})
    flow = await _set(hass, loaded, 10, pin=True)
    assert flow["data"]["certificate"] == gateway.fingerprint.hex()
    assert loaded.state is ConfigEntryState.LOADED
    gateway.new_certificate()
    gateway.requests.clear()
    await _cut(hass, gateway, freezer)
    await outlast(hass, freezer)
    assert gateway.requests == []
    assert states(hass, loaded)["agg_soc"] == STATE_UNAVAILABLE
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "certificate_changed"
    shown = gateway.fingerprint.hex(":").upper()
    assert issue.translation_placeholders
    assert issue.translation_placeholders["shown"] == shown

    manager = repairs_flow_manager(hass)
    assert manager
    fix = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert fix["description_placeholders"]
    assert fix["description_placeholders"]["shown"] == shown
    gateway.answer("/info", Status(503))
    fix = await manager.async_configure(fix["flow_id"], {})
    assert fix["errors"] == {"base": "cannot_connect"}
    gateway.clear()
    gateway.requests.clear()
    gateway.new_certificate()
    fix = await manager.async_configure(fix["flow_id"], {})
    assert fix["errors"] == {"base": "certificate_changed"}
    assert gateway.requests == []
    fix = await manager.async_configure(fix["flow_id"], {})
    assert fix["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert loaded.options["certificate"] == gateway.fingerprint.hex()
    assert states(hass, loaded)["agg_soc"] == str(gateway.payload["agg_soc"])
    assert ir.async_get(hass).issues == {}


async def _cut(hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory) -> None:
    """End the connections that have seen the old certificate, as a restart does."""
    gateway.state = "refused"
    await poll(hass, freezer)
    gateway.state = "up"


async def test_unpin(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Turning the option off takes the pin and its issue away; leaving it on keeps the pin that stands."""
    await _set(hass, loaded, 10, pin=True)
    pinned = gateway.fingerprint.hex()
    gateway.new_certificate()
    await _cut(hass, gateway, freezer)
    await poll(hass, freezer, 21)
    flow = await _set(hass, loaded, 20, pin=True)
    assert flow["data"]["certificate"] == pinned
    assert len(ir.async_get(hass).issues) == 1
    flow = await _set(hass, loaded, 20, pin=False)
    assert flow["data"] == {"scan_interval": 20}
    assert loaded.state is ConfigEntryState.LOADED
    assert ir.async_get(hass).issues == {}


async def test_unpin_before_accepting(hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry) -> None:
    """Who has taken the pin off meanwhile accepts nothing, and is pinned to nothing."""
    fix = await async_create_fix_flow(
        hass, "late", {"entry_id": loaded.entry_id, "kind": "certificate_changed", "pinned": "AA", "shown": "BB"}
    )
    assert isinstance(fix, AcceptCertificateFlow)
    fix.hass = hass
    fix.flow_id, fix.handler = "late", DOMAIN
    gateway.requests.clear()
    assert (await fix.async_step_init())["type"] is FlowResultType.CREATE_ENTRY
    assert dict(loaded.options) == {}
    assert gateway.requests == []


async def test_pin_of_what_does_not_answer(hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry) -> None:
    """Only the certificate of this gateway can be pinned."""
    gateway.state = "refused"
    flow = await _set(hass, loaded, 10, pin=True)
    assert flow["errors"] == {"base": "cannot_connect"}
    gateway.state = "up"
    gateway.serial = "122300000002"
    answers = {"scan_interval": 10, "pin_certificate": True}
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], answers)
    assert flow["errors"] == {"base": "wrong_gateway"}
    gateway.serial = str(loaded.unique_id)
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], answers)
    assert flow["data"]["certificate"] == gateway.fingerprint.hex()
    await hass.async_block_till_done()
