"""Paths and CSS selectors of Home Assistant's frontend, and the way to its device and config entry pages."""

from typing import Final

from playwright.async_api import Locator

from scripts.lib.home_assistant import DOMAIN, HomeAssistant
from scripts.lib.integration import Gateway

from .session import BrowserSession

INTEGRATIONS_PATH: Final = "/config/integrations/dashboard"
OPTIONS_BUTTON: Final = 'ha-icon-button[slot="end"]'
"""The gear icon (Configure) in the row of a config entry."""
MENU_BUTTON: Final = "ha-icon-button[slot=trigger]"
"""The three-dot menu in the row of a config entry."""
ENTITY_ROWS: Final = "ha-device-entities-card hui-generic-entity-row"
"""The rows of the device page, one per enabled entity."""


async def device_page_url(hass: HomeAssistant, gateway: Gateway) -> str:
    """Return the URL of the gateway's device page."""
    devices = await hass.call("config/device_registry/list", list[dict[str, str]])
    (device_id,) = [device["id"] for device in devices if device["serial_number"] == gateway["serial"]]
    return f"{hass.url}/config/devices/device/{device_id}"


async def open_config_entry(session: BrowserSession, serial: str) -> Locator:
    """Open the page of the integration; return the row of the gateway's config entry."""
    await session.page.goto(f"{session.hass.url}/config/integrations/integration/{DOMAIN}")
    row = session.page.locator("ha-config-entry-row", has_text=f"IQ Gateway {serial}")
    await row.wait_for()
    return row


async def open_menu(session: BrowserSession, serial: str, item: str) -> Locator:
    """Open the three-dot menu of the gateway's config entry; return the menu item with this text."""
    row = await open_config_entry(session, serial)
    await row.locator(MENU_BUTTON).first.click()
    return row.locator("ha-dropdown-item", has_text=item).first
