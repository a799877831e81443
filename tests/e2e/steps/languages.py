"""All translations, and a language that is written from right to left."""

from typing import Final

from playwright.async_api import expect

from scripts.lib.home_assistant import HomeAssistant
from scripts.lib.integration import get_entries
from tests.e2e.browser import DESKTOP, PHONE
from tests.e2e.checks import CLIPPED_TEXTS, check_equal, check_fits
from tests.e2e.selectors import ENTITY_ROWS, OPTIONS_BUTTON, device_page_url, open_config_entry
from tests.e2e.session import BrowserSession
from tests.e2e.translations import FOLDER, translation

RIGHT_TO_LEFT: Final = "he"
"""The integration has no translation for it, so its texts are in English."""
LANGUAGES: Final = (*sorted(file.stem for file in FOLDER.glob("*.json")), RIGHT_TO_LEFT)


async def check_language(session: BrowserSession, language: str) -> None:
    """Open the device page and the options in this language on a phone: they are translated and fit."""
    hass, page = session.hass, session.page
    await _set_language(hass, language)
    await page.set_viewport_size(PHONE)
    await page.goto(await device_page_url(hass, session.gateway))
    for key in ("agg_soc", "energy_above_reserve", "token_expires"):
        name = translation(f"entity.sensor.{key}.name", language)
        await expect(page.locator(ENTITY_ROWS).filter(has=page.get_by_text(name, exact=True))).to_have_count(1)
    direction = await page.evaluate("getComputedStyle(document.querySelector('home-assistant')).direction")
    check_equal("Text direction", direction, "rtl" if language == RIGHT_TO_LEFT else "ltr")
    await check_fits(page, ENTITY_ROWS)
    await (await open_config_entry(session, session.gateway["serial"])).locator(OPTIONS_BUTTON).first.click()
    await expect(page.get_by_text(translation("options.step.init.title", language), exact=True).last).to_be_visible()
    check_equal("Clipped texts", await page.locator("step-flow-form *").evaluate_all(CLIPPED_TEXTS), [])
    await page.screenshot(path=session.folder / f"{language}.png")
    await _set_language(hass, "en")
    await page.set_viewport_size(DESKTOP)


async def _set_language(hass: HomeAssistant, language: str) -> None:
    """Set the language of Home Assistant and of its user, and reload the entries to rename the entities."""
    await hass.call("config/core/update", object, language=language)
    await hass.call("frontend/set_user_data", object, key="language", value={"language": language})
    for entry in await get_entries(hass):
        await hass.request("POST", f"/api/config/config_entries/entry/{entry['entry_id']}/reload", object)
