"""Gateways that announce themselves."""

from ipaddress import ip_address

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_ZEROCONF, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.const import DOMAIN
from tests.conftest import SetUp
from tests.flows import aborts, answer, choose, is_made
from tests.gateway import Gateway


async def announce(
    hass: HomeAssistant, gateway: Gateway, address: str = "127.0.0.1", *others: str, **properties: str
) -> ConfigFlowResult:
    """Let the gateway announce itself."""
    found = ip_address(address)
    announced = ZeroconfServiceInfo(
        ip_address=found,
        ip_addresses=[found, *(ip_address(other) for other in others)],
        hostname="envoy.local.",
        name="envoy._enphase-envoy._tcp.local.",
        port=gateway.port,
        properties={"serialnum": gateway.serial, "protovers": "8.2.127", "txtvers": "1", **properties},
        type="_enphase-envoy._tcp.local.",
    )
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced)


async def test_new_gateway(hass: HomeAssistant, gateway: Gateway) -> None:
    """A new gateway goes straight to the sign-in."""
    flow = await announce(hass, gateway)
    assert flow["type"] is FlowResultType.MENU
    (progress,) = hass.config_entries.flow.async_progress()
    assert progress["context"]["title_placeholders"] == {"name": f"IQ Gateway {gateway.serial} ({gateway.host})"}
    assert {request.path for request in gateway.requests} == {"/info"}
    assert aborts(await announce(hass, gateway), "already_in_progress")
    flow = await choose(hass, flow, "token")
    flow = await answer(hass, flow, token=gateway.token())
    assert is_made(flow)
    assert flow["data"][CONF_HOST] == gateway.host


@pytest.mark.parametrize(
    ("address", "properties"), [("fe80::1", {}), ("::1", {}), ("127.0.0.1", {"serialnum": ""})], ids=str
)
async def test_of_no_use(hass: HomeAssistant, gateway: Gateway, address: str, properties: dict[str, str]) -> None:
    """IPv6 and announcements without serial are left alone."""
    assert aborts(await announce(hass, gateway, address, **properties), "not_supported")
    assert gateway.requests == []


async def test_both_families(hass: HomeAssistant, gateway: Gateway) -> None:
    """Of an IPv6 and an IPv4 address the latter is taken, if it is more than link-local."""
    flow = await announce(hass, gateway, "fe80::1", "169.254.3.4", "127.0.0.1")
    assert flow["type"] is FlowResultType.MENU


async def test_does_not_answer(hass: HomeAssistant, gateway: Gateway) -> None:
    """What does not answer as announced is not shown."""
    gateway.state = "bad_gateway"
    assert aborts(await announce(hass, gateway), "cannot_connect")
    gateway.state = "up"
    assert aborts(await announce(hass, gateway, serialnum="122300000009"), "wrong_gateway")
    assert (await announce(hass, gateway))["type"] is FlowResultType.MENU


async def test_known_gateway(hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry) -> None:
    """A known gateway stays quiet, and where it is, while its address answers."""
    other = Gateway()
    await other.start()
    assert aborts(await announce(hass, other), "already_configured")
    assert loaded.data[CONF_HOST] == gateway.host
    assert other.requests == []
    await other.stop()


async def test_moved_gateway(hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry) -> None:
    """A known gateway that answers only at the new address is followed there; one that answers nowhere is not."""
    other = Gateway(serial="122300000002")
    await other.start()
    gateway.state = "refused"
    assert aborts(await announce(hass, other, serialnum=gateway.serial), "already_configured")
    assert loaded.data[CONF_HOST] == gateway.host
    other.serial = gateway.serial
    assert aborts(await announce(hass, other), "already_configured")
    await hass.async_block_till_done()
    assert loaded.data[CONF_HOST] == other.host
    assert loaded.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(loaded.entry_id)
    await other.stop()


async def test_another_gateway_at_the_old_address(
    hass: HomeAssistant, gateway: Gateway, loaded: MockConfigEntry
) -> None:
    """Where another gateway has taken the address, the entry follows its own."""
    serial = gateway.serial
    gateway.serial = "122300000002"
    other = Gateway(serial=serial)
    await other.start()
    assert aborts(await announce(hass, other), "already_configured")
    await hass.async_block_till_done()
    assert loaded.data[CONF_HOST] == other.host
    await hass.config_entries.async_unload(loaded.entry_id)
    await other.stop()


async def test_retry_at_once(hass: HomeAssistant, gateway: Gateway, set_up: SetUp) -> None:
    """An entry that waits to be tried again is, as soon as its gateway announces itself."""
    gateway.state = "refused"
    entry = await set_up()
    assert entry.error_reason_translation_key == "cannot_connect"
    gateway.state = "up"
    assert aborts(await announce(hass, gateway), "already_configured")
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_ignored(hass: HomeAssistant, gateway: Gateway) -> None:
    """An ignored gateway stays quiet."""
    MockConfigEntry(domain=DOMAIN, unique_id=gateway.serial, source=SOURCE_IGNORE, data={}).add_to_hass(hass)
    assert aborts(await announce(hass, gateway), "already_configured")
    assert gateway.requests == []
