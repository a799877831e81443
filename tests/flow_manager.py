"""Config flows, as the frontend drives them."""

from collections.abc import Mapping
from ipaddress import ip_address
import json
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_ZEROCONF,
    ConfigEntry,
    ConfigFlowContext,
    ConfigFlowResult,
)
from homeassistant.const import CONF_PASSWORD, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from custom_components.enphase_secctrl.const import DOMAIN
from tests.emulator import Gateway

TRANSLATIONS: Final = Path(__file__).parents[1] / "custom_components" / DOMAIN / "translations" / "en.json"
TEXTS: Final = json.loads(TRANSLATIONS.read_text(encoding="utf-8"))["config"]


async def start_flow(hass: HomeAssistant, source: str = "user", entry_id: str = "") -> ConfigFlowResult:
    """Start a flow; reauth and reconfigure need the ID of their entry."""
    context = ConfigFlowContext(source=source, entry_id=entry_id) if entry_id else ConfigFlowContext(source=source)
    return await hass.config_entries.flow.async_init(DOMAIN, context=context)


async def discover(
    hass: HomeAssistant, gateway: Gateway, address: str = "127.0.0.1", *other_addresses: str, **properties: str
) -> ConfigFlowResult:
    """Start the flow of a gateway that was discovered by zeroconf, with other properties if they are given."""
    addresses = [ip_address(one) for one in (address, *other_addresses)]
    discovery = ZeroconfServiceInfo(
        ip_address=addresses[0],
        ip_addresses=addresses,
        hostname="envoy.local.",
        name="envoy._enphase-envoy._tcp.local.",
        port=gateway.port,
        properties={"serialnum": gateway.serial, "protovers": "8.2.127", "txtvers": "1", **properties},
        type="_enphase-envoy._tcp.local.",
    )
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=discovery)


async def submit_form(hass: HomeAssistant, flow: ConfigFlowResult, **user_input: object) -> ConfigFlowResult:
    """Submit the form that the flow shows."""
    assert flow["type"] is FlowResultType.FORM
    return await hass.config_entries.flow.async_configure(flow["flow_id"], user_input)


async def select_option(hass: HomeAssistant, flow: ConfigFlowResult, option: str) -> ConfigFlowResult:
    """Select an option of the menu that the flow shows."""
    assert flow["type"] is FlowResultType.MENU
    assert option in flow["menu_options"]
    return await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": option})


async def open_sign_in_menu(hass: HomeAssistant, gateway: Gateway) -> ConfigFlowResult:
    """Start a flow and submit the host of the gateway, so that the flow shows the menu of the sign-in."""
    return await submit_form(hass, await start_flow(hass), host=gateway.host)


async def set_options(
    hass: HomeAssistant, entry: ConfigEntry[Any], interval: float, *, pin_certificate: bool
) -> ConfigFlowResult:
    """Start an options flow of the entry and submit its form; the interval is in seconds."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    user_input = {"scan_interval": interval, "pin_certificate": pin_certificate}
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], user_input)
    await hass.async_block_till_done()
    return flow


def suggested_values(flow: ConfigFlowResult) -> dict[str, Any]:
    """Return {field: value} of the fields that are already filled in."""
    schema = flow["data_schema"]
    assert schema
    return {key.schema: key.description["suggested_value"] for key in schema.schema if key.description}


def shows_form(flow: ConfigFlowResult, step: str, error: str | None = None) -> bool:
    """Return whether the flow shows the form of a step, with this error or none.

    Whatever a form shows, its texts must have all of their placeholders, and no secret may be filled in.
    """
    if (flow["type"], flow["step_id"]) != (FlowResultType.FORM, step):
        return False
    assert suggested_values(flow).keys().isdisjoint({CONF_TOKEN, CONF_PASSWORD})
    placeholders: Mapping[str, str] = flow["description_placeholders"] or {}
    assert TEXTS["step"][step]["description"].format(**placeholders)
    errors = flow["errors"] or {}
    assert all("()" not in TEXTS["error"][key].format(**placeholders) for key in errors.values())
    return errors == ({"base": error} if error else {})


def creates_entry(flow: ConfigFlowResult) -> bool:
    """Return whether the flow has created an entry."""
    return flow["type"] is FlowResultType.CREATE_ENTRY


def aborts(flow: ConfigFlowResult, reason: str) -> bool:
    """Return whether the flow was aborted, for this reason."""
    return (flow["type"], flow.get("reason")) == (FlowResultType.ABORT, reason)


def reauth_flows(hass: HomeAssistant) -> list[str]:
    """Return the IDs of the open reauth flows."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return [flow["flow_id"] for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]
