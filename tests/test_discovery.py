"""Discovery by zeroconf."""

from ipaddress import IPv4Address
import logging

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_RECONFIGURE, SOURCE_ZEROCONF, ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import CONF_CERTIFICATE, DOMAIN
from tests.conftest import SetUp
from tests.emulator import Body, Gateway
from tests.flow_manager import TEXTS, aborts, creates_entry, discover, select_option, start_flow, submit_form
from tests.logs import LOGGER_NAME


async def test_new_gateway(hass: HomeAssistant, gateway: Gateway) -> None:
    """A new gateway leads to the menu of the sign-in, and only once."""
    flow = await discover(hass, gateway)
    assert flow["type"] is FlowResultType.MENU
    (progress,) = hass.config_entries.flow.async_progress()
    assert progress["context"]["title_placeholders"] == {"name": f"IQ Gateway {gateway.serial} ({gateway.host})"}
    assert {request.path for request in gateway.requests} == {"/info"}
    assert aborts(await discover(hass, gateway), "already_in_progress")
    flow = await select_option(hass, flow, "token")
    flow = await submit_form(hass, flow, token=gateway.token())
    assert creates_entry(flow)
    assert flow["data"][CONF_HOST] == gateway.host


@pytest.mark.parametrize(
    ("address", "properties"), [("fe80::1", {}), ("::1", {}), ("127.0.0.1", {"serialnum": ""})], ids=str
)
async def test_not_supported(hass: HomeAssistant, gateway: Gateway, address: str, properties: dict[str, str]) -> None:
    """Gateways with only an IPv6 address, or without a serial number, are ignored."""
    assert aborts(await discover(hass, gateway, address, **properties), "not_supported")
    assert gateway.requests == []


async def test_ipv4_and_ipv6(hass: HomeAssistant, gateway: Gateway) -> None:
    """Of several addresses, the IPv4 address that isn't link-local is used."""
    flow = await discover(hass, gateway, "fe80::1", "169.254.3.4", "127.0.0.1")
    assert flow["type"] is FlowResultType.MENU


async def test_no_gateway_at_the_address(hass: HomeAssistant, gateway: Gateway) -> None:
    """A gateway that can't be read, or has a different serial number, is ignored."""
    gateway.state = "bad_gateway"
    assert aborts(await discover(hass, gateway), "cannot_connect")
    gateway.state = "up"
    assert aborts(await discover(hass, gateway, serialnum="122300000009"), "wrong_gateway")
    assert (await discover(hass, gateway))["type"] is FlowResultType.MENU


async def test_configured_gateway(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """The host of a configured gateway doesn't change while it responds there; the new address receives no request."""
    other = Gateway()
    await other.start()
    assert aborts(await discover(hass, other), "already_configured")
    assert loaded_entry.data[CONF_HOST] == gateway.host
    assert other.requests == []
    await other.stop()


async def test_new_address(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """If a configured gateway only responds at the new address, the entry is updated; if at neither, it isn't."""
    other = Gateway(serial="122300000002")
    await other.start()
    gateway.state = "refused"
    assert aborts(await discover(hass, other, serialnum=gateway.serial), "already_configured")
    assert loaded_entry.data[CONF_HOST] == gateway.host
    other.serial = gateway.serial
    assert aborts(await discover(hass, other), "already_configured")
    await hass.async_block_till_done()
    assert loaded_entry.data[CONF_HOST] == other.host
    assert loaded_entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    await other.stop()


async def test_different_gateway_at_the_old_address(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry
) -> None:
    """If a different gateway has the old address now, the entry is updated too."""
    serial = gateway.serial
    gateway.serial = "122300000002"
    other = Gateway(serial=serial)
    await other.start()
    assert aborts(await discover(hass, other), "already_configured")
    await hass.async_block_till_done()
    assert loaded_entry.data[CONF_HOST] == other.host
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    await other.stop()


async def test_pinned_gateway_moves(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """A gateway that only responds with its pinned certificate at the new address has moved there."""
    other = Gateway(serial=gateway.serial)
    await other.start()
    hass.config_entries.async_update_entry(loaded_entry, options={CONF_CERTIFICATE: other.fingerprint.hex()})
    gateway.requests.clear()
    assert aborts(await discover(hass, other), "already_configured")
    await hass.async_block_till_done()
    assert loaded_entry.data[CONF_HOST] == other.host
    assert loaded_entry.state is ConfigEntryState.LOADED
    assert gateway.requests == []
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    await other.stop()


async def test_different_certificate_at_the_new_address(
    hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry
) -> None:
    """An entry with a pinned certificate doesn't move to an address with a different one, and sends nothing there."""
    other = Gateway(serial=gateway.serial)
    await other.start()
    hass.config_entries.async_update_entry(loaded_entry, options={CONF_CERTIFICATE: gateway.fingerprint.hex()})
    gateway.state = "refused"
    assert aborts(await discover(hass, other), "already_configured")
    assert loaded_entry.data[CONF_HOST] == gateway.host
    assert other.requests == []
    hass.config_entries.async_update_entry(loaded_entry, options={CONF_CERTIFICATE: other.fingerprint.hex()})
    assert aborts(await discover(hass, other), "already_configured")
    await hass.async_block_till_done()
    assert loaded_entry.data[CONF_HOST] == other.host
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    await other.stop()


async def test_unexpected_response(hass: HomeAssistant, gateway: Gateway) -> None:
    """The reason of the abort describes the response."""
    gateway.inject("/info", Body(b"<html></html>"))
    flow = await discover(hass, gateway)
    assert aborts(flow, "unexpected_answer")
    assert flow["description_placeholders"] == {"answer": "XML without a serial number or software version"}
    assert "{answer}" in TEXTS["abort"]["unexpected_answer"]
    gateway.clear_faults()
    assert (await discover(hass, gateway))["type"] is FlowResultType.MENU


async def test_new_address_during_a_flow(hass: HomeAssistant, gateway: Gateway, loaded_entry: MockConfigEntry) -> None:
    """An open reconfigure flow doesn't prevent that the host changes to the new address."""
    flow = await start_flow(hass, SOURCE_RECONFIGURE, loaded_entry.entry_id)
    assert (await submit_form(hass, flow, host=gateway.host))["type"] is FlowResultType.MENU
    other = Gateway(serial=gateway.serial)
    await other.start()
    gateway.state = "refused"
    assert aborts(await discover(hass, other), "already_configured")
    await hass.async_block_till_done()
    assert loaded_entry.data[CONF_HOST] == other.host
    await hass.config_entries.async_unload(loaded_entry.entry_id)
    await other.stop()


@pytest.mark.parametrize("port", [None, 80, 443])
async def test_usual_port(hass: HomeAssistant, caplog: pytest.LogCaptureFixture, port: int | None) -> None:
    """The usual ports aren't part of the host, and 0.0.0.0 is no host: a gateway that hasn't moved isn't read."""
    caplog.set_level(logging.DEBUG, LOGGER_NAME)
    MockConfigEntry(domain=DOMAIN, unique_id="122300000001", data={CONF_HOST: "127.0.0.1"}).add_to_hass(hass)
    discovery = ZeroconfServiceInfo(
        ip_address=IPv4Address("127.0.0.1"),
        ip_addresses=[IPv4Address(0), IPv4Address("127.0.0.1")],
        hostname="envoy.local.",
        name="envoy._enphase-envoy._tcp.local.",
        port=port,
        properties={"serialnum": "122300000001"},
        type="_enphase-envoy._tcp.local.",
    )
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=discovery)
    assert aborts(flow, "already_configured")
    assert [record.getMessage() for record in caplog.records if record.name.startswith(LOGGER_NAME)] == []


async def test_setup_is_retried(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """The setup of an entry is retried at once when its gateway is discovered."""
    gateway.state = "refused"
    entry = await set_up()
    assert entry.error_reason_translation_key == "cannot_connect"
    gateway.state = "up"
    assert aborts(await discover(hass, gateway), "already_configured")
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_ignored(hass: HomeAssistant, gateway: Gateway) -> None:
    """An ignored gateway receives no request."""
    MockConfigEntry(domain=DOMAIN, unique_id=gateway.serial, source=SOURCE_IGNORE, data={}).add_to_hass(hass)
    assert aborts(await discover(hass, gateway), "already_configured")
    assert gateway.requests == []
