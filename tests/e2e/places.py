"""Where things are in Home Assistant's frontend."""

from typing import Final

from playwright.async_api import Locator

from scripts.demo import Gateway
from scripts.hass import DOMAIN, HomeAssistant

from .journey import Journey

INTEGRATIONS: Final = "/config/integrations/dashboard"
OPTIONS: Final = 'ha-icon-button[slot="end"]'
"""The cogwheel in the row of an entry."""
MENU: Final = "ha-icon-button[slot=trigger]"


async def device_page(hass: HomeAssistant, gateway: Gateway) -> str:
    """Return the address of the gateway's device page."""
    devices = await hass.call("config/device_registry/list", list[dict[str, str]])
    (found,) = [one["id"] for one in devices if one["serial_number"] == gateway["serial"]]
    return f"{hass.url}/config/devices/device/{found}"


async def entry_row(journey: Journey, serial: str) -> Locator:
    """Open the integration's page; return the row of a gateway's entry."""
    await journey.page.goto(f"{journey.hass.url}/config/integrations/integration/{DOMAIN}")
    row = journey.page.locator("ha-config-entry-row", has_text=f"IQ Gateway {serial}")
    await row.wait_for()
    return row


async def menu_item(journey: Journey, serial: str, item: str) -> Locator:
    """Open the menu of an entry; return an item of it."""
    row = await entry_row(journey, serial)
    await row.locator(MENU).first.click()
    return row.locator("ha-dropdown-item", has_text=item).first
