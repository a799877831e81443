"""What is shown: the values on the device page, on a phone, in the dark, in other languages."""

import re
from typing import Final

from playwright.async_api import expect

from scripts.demo import Entity, Gateway, entities
from scripts.hass import HomeAssistant
from scripts.smoke import answered
from tests.oracle import Expected, expected

from .journey import Journey

ROWS: Final = "ha-device-entities-card hui-generic-entity-row"
FLAGS: Final = {True: "Problem", False: "OK"}
TOKEN_ENDS: Final = r"[Ii]n \d+ months|[Nn]ext year|[Ii]n 1 year"  # what no payload says: the token is of today


async def device_page(hass: HomeAssistant, gateway: Gateway) -> str:
    """Return the address of the gateway's device page."""
    devices = await hass.call("config/device_registry/list", list[dict[str, str]])
    (found,) = [one["id"] for one in devices if one["serial_number"] == gateway["serial"]]
    return f"{hass.url}/config/devices/device/{found}"


async def enabled(journey: Journey, gateway: Gateway) -> list[Entity]:
    """Return the gateway's enabled entities."""
    return [one for one in await entities(journey.hass) if one.enabled and gateway["serial"] in one.entity_id]


async def values(journey: Journey) -> None:
    """See every enabled entity of both gateways with the value that its gateway serves."""
    for gateway in (journey.second, journey.gateway):
        await journey.page.goto(await device_page(journey.hass, gateway))
        rows = journey.page.locator(ROWS)
        shown = await enabled(journey, gateway)
        await expect(rows).to_have_count(len(shown))
        served = expected(await answered(gateway))
        for entity in shown:
            name = entity.name.removeprefix(f"IQ Gateway {gateway['serial']} ")
            row = rows.filter(has=journey.page.get_by_text(name, exact=True))
            text = re.compile(rf"^\s*{said(served.get(entity.key))}\s*{re.escape(entity.unit)}\s+{re.escape(name)}\s*$")
            await expect(row, f"{name} of {gateway['serial']}").to_have_text(text)


def said(value: Expected) -> str:
    """Return, as a pattern, what a row says of a value of the payload: with as many decimals as it likes."""
    if value is None:
        return f"({TOKEN_ENDS})"
    if isinstance(value, bool):
        return FLAGS[value]
    return f"({'|'.join(re.escape(f'{value:,.{decimals}f}') for decimals in range(4))})"
