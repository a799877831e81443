"""The device page with the values of all entities."""

import re
from typing import Final

from playwright.async_api import expect

from scripts.lib.integration import Entity
from scripts.lib.smoke import read_payload
from tests.e2e.browser import DESKTOP, PHONE
from tests.e2e.checks import check_equal, check_fits
from tests.e2e.selectors import ENTITY_ROWS, device_page_url
from tests.e2e.session import BrowserSession
from tests.oracle import Expected, expected

PROBLEM_TEXTS: Final = {True: "Problem", False: "OK"}
FLAG_TEXTS: Final = {True: "On", False: "Off"}
# The token's expiration isn't part of the payload; the emulator has just issued the token for a year
ESTIMATE_PATTERN: Final = r"Unknown|\d+\s*\w+"
EXPIRATION_PATTERN: Final = r"[Ii]n \d+ months|[Nn]ext year|[Ii]n 1 year"


async def check_values(session: BrowserSession) -> None:
    """Check that the device pages show each enabled entity with the value that its gateway reports."""
    for gateway in (session.second_gateway, session.gateway):
        await session.page.goto(await device_page_url(session.hass, gateway))
        rows = session.page.locator(ENTITY_ROWS)
        entities = await session.enabled_entities(gateway)
        await expect(rows).to_have_count(len(entities))
        values = expected(await read_payload(gateway))
        for entity in entities:
            name = entity.name.removeprefix(f"IQ Gateway {gateway['serial']} ")
            row = rows.filter(has=session.page.get_by_text(name, exact=True))
            value = _value_pattern(entity, values.get(entity.key))
            text = re.compile(rf"^\s*{value}\s+{re.escape(name)}\s*$")
            await expect(row, f"{name} of {gateway['serial']}").to_have_text(text)
    await session.screenshots.take(
        session.page,
        "device",
        viewport={"width": 1100, "height": 2000},
        parts=session.page.locator("ha-device-entities-card"),
    )


async def check_dark_mode_on_phone(session: BrowserSession) -> None:
    """Open the device page on a phone in dark mode: all entities are there and fit."""
    page = session.page
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark")
    await page.goto(await device_page_url(session.hass, session.gateway))
    await expect(page.locator(ENTITY_ROWS)).to_have_count(len(await session.enabled_entities(session.gateway)))
    is_dark = await page.evaluate("document.querySelector('home-assistant').hass.themes.darkMode")
    check_equal("Dark mode", is_dark, expected=True)
    await check_fits(page, ENTITY_ROWS)
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(DESKTOP)


def _value_pattern(entity: Entity, value: Expected) -> str:
    """Return a regular expression for the value in the row of an entity; a number may have up to 3 decimals.

    The estimates are unknown while the values don't change.
    """
    if value is None:
        return f"({EXPIRATION_PATTERN}|{ESTIMATE_PATTERN})"
    if isinstance(value, bool):
        return (PROBLEM_TEXTS if entity.key == "shutdown" else FLAG_TEXTS)[value]
    shown = value / 1000 if entity.unit == "kWh" else value
    numbers = "|".join(re.escape(f"{shown:,.{decimals}f}") for decimals in range(4))
    return rf"({numbers})\s*{re.escape(entity.unit)}"
