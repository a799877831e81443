"""What is shown: the values on the device page, on a phone, in the dark, in other languages."""

import re
from typing import Final

from playwright.async_api import Page, expect

from scripts.demo import Entity, Gateway, entities, entries
from scripts.hass import HomeAssistant, RunError
from scripts.smoke import answered
from tests.oracle import Expected, expected

from .browser import PHONE, WIDE
from .expectations import same
from .journey import Journey
from .places import OPTIONS, device_page, entry_row
from .words import FOLDER, word

RIGHT_TO_LEFT: Final = "he"
LANGUAGES: Final = (*sorted(file.stem for file in FOLDER.glob("*.json")), RIGHT_TO_LEFT)
"""All that we have, and one from right to left, which shows our English."""
ROWS: Final = "ha-device-entities-card hui-generic-entity-row"
CLIPPED: Final = """all => all.flatMap(one => [...one.childNodes]).filter(node => {
  if (node.nodeType !== Node.TEXT_NODE || !node.textContent.trim()) return false
  const range = document.createRange()
  range.selectNode(node)
  const {left, right} = range.getBoundingClientRect()
  return left < 0 || right > innerWidth
}).map(node => node.textContent.trim())"""
"""The texts of elements that stand in part beyond the edges of the page."""
FLAGS: Final = {True: "Problem", False: "OK"}
TOKEN_ENDS: Final = r"[Ii]n \d+ months|[Nn]ext year|[Ii]n 1 year"  # what no payload says: the token is of today


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
    await journey.pictures.take(journey.page, "device", height=985)


def said(value: Expected) -> str:
    """Return, as a pattern, what a row says of a value of the payload: with as many decimals as it likes."""
    if value is None:
        return f"({TOKEN_ENDS})"
    if isinstance(value, bool):
        return FLAGS[value]
    return f"({'|'.join(re.escape(f'{value:,.{decimals}f}') for decimals in range(4))})"


async def dark_phone(journey: Journey) -> None:
    """See the device page on a phone at night."""
    page = journey.page
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark")
    await page.goto(await device_page(journey.hass, journey.gateway))
    await expect(page.locator(ROWS)).to_have_count(len(await enabled(journey, journey.gateway)))
    same("Dark", await page.evaluate("document.querySelector('home-assistant').hass.themes.darkMode"), wanted=True)
    await fits(page, ROWS)
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(WIDE)


async def in_language(journey: Journey, language: str) -> None:
    """See the device page and a form in another language on a phone."""
    hass, page = journey.hass, journey.page
    await speak(hass, language)
    await page.set_viewport_size(PHONE)
    await page.goto(await device_page(hass, journey.gateway))
    for key in ("agg_soc", "energy_above_reserve", "token_expires"):
        name = word(f"entity.sensor.{key}.name", language)
        await expect(page.locator(ROWS).filter(has=page.get_by_text(name, exact=True))).to_have_count(1)
    direction = await page.evaluate("getComputedStyle(document.querySelector('home-assistant')).direction")
    same("Direction of the text", direction, "rtl" if language == RIGHT_TO_LEFT else "ltr")
    await fits(page, ROWS)
    await (await entry_row(journey, journey.gateway["serial"])).locator(OPTIONS).first.click()
    await expect(page.get_by_text(word("options.step.init.title", language), exact=True).last).to_be_visible()
    same("What runs over the edge", await page.locator("step-flow-form *").evaluate_all(CLIPPED), [])
    await page.screenshot(path=journey.folder / f"{language}.png")
    await speak(hass, "en")
    await page.set_viewport_size(WIDE)


async def speak(hass: HomeAssistant, language: str) -> None:
    """Let Home Assistant and its user speak a language; the entities are named anew."""
    await hass.call("config/core/update", object, language=language)
    await hass.call("frontend/set_user_data", object, key="language", value={"language": language})
    for entry in await entries(hass):
        await hass.request("POST", f"/api/config/config_entries/entry/{entry['entry_id']}/reload", object)


async def fits(page: Page, selector: str) -> None:
    """Check that everything so selected, and something is, stands between the edges of the page; raises RunError."""
    await expect(page.locator(selector)).not_to_have_count(0)
    size = page.viewport_size
    width = size["width"] if size else 0
    for one in await page.locator(selector).all():
        box = await one.bounding_box()
        if box and not -1 <= box["x"] <= box["x"] + box["width"] <= width + 1:
            msg = f"{await one.inner_text()} stands from {box['x']} to {box['x'] + box['width']} of {width}."
            raise RunError(msg)
