"""The dashboard of the docs, and Home Assistant's Energy dashboard."""

import re
from typing import Final, TypedDict

from playwright.async_api import expect

from scripts.lib.home_assistant import Json
from scripts.lib.integration import DASHBOARD, add_dashboard
from tests.e2e.browser import DESKTOP, PHONE, wait_until_rendered
from tests.e2e.checks import check_equal, check_fits
from tests.e2e.session import BrowserSession

from .statistics import CAPACITY, METERS

ERROR_CARDS: Final = "hui-error-card, hui-error-badge, hui-warning, hui-error-heading-badge"
"""The elements that the frontend shows in place of a broken card or badge."""

STATISTIC_PICKERS: Final = ("Energy charged into", "Energy discharged from", "Battery state of charge sensor")


class View(TypedDict):
    """A view of a dashboard, as returned by the API."""

    path: str


class Dashboard(TypedDict):
    """A dashboard, as returned by the API."""

    views: list[View]


async def check_dashboard(session: BrowserSession) -> None:
    """Open every view of the dashboard on a phone and on a desktop: all cards work and fit."""
    hass, page = session.hass, session.page
    url = f"{hass.url}{await add_dashboard(hass, session.gateway['serial'])}"
    config = await hass.call("lovelace/config", Dashboard, url_path=DASHBOARD)
    for viewport in (PHONE, DESKTOP):
        await page.set_viewport_size(viewport)
        for view in config["views"]:
            await page.goto(f"{url}/{view['path']}")
            await expect(page.locator("hui-tile-card, hui-entities-card").first).to_be_visible()
            await wait_until_rendered(page, 1500)
            await expect(page.locator(ERROR_CARDS)).to_have_count(0)
            await check_fits(page, "hui-card")
    await page.goto(url)
    await session.screenshots.take(page, "dashboard", height=780)


async def configure_energy_dashboard(session: BrowserSession) -> None:
    """Add a battery with the state of charge and a capacity to the Energy dashboard, which then shows it."""
    hass, page = session.hass, session.page
    entities = await session.enabled_entities(session.gateway)
    (soc,) = [entity for entity in entities if entity.key == "agg_soc"]
    await page.goto(f"{hass.url}/config/energy")
    await page.get_by_role("button", name="Add battery system").click()
    dialog = page.locator("dialog-energy-battery-settings")
    device = f"IQ Gateway {session.gateway['serial']}"
    texts = (*METERS.values(), rf"{re.escape(soc.name.removeprefix(f'{device} '))}\s*{device}")
    for label, text in zip(STATISTIC_PICKERS, map(re.compile, texts), strict=True):
        picker = dialog.locator("ha-statistic-picker").filter(has_text=label)
        await picker.locator("ha-picker-field").click()
        await picker.locator("ha-combo-box-item").filter(has_text=text).click()
        await expect(picker.locator("ha-picker-field")).to_contain_text(text)
    # `fill` enters everything at once, and the dialog sometimes loses that
    await dialog.locator('ha-input input[type="number"]').press_sequentially(f"{CAPACITY / 1000:g}")
    await dialog.get_by_role("button", name="Save").click()
    await dialog.locator("ha-dialog").wait_for(state="detached")
    (battery,) = (await hass.call("energy/get_prefs", dict[str, list[dict[str, Json]]]))["energy_sources"]
    charged, discharged = METERS
    expected = {
        "stat_energy_to": charged,
        "stat_energy_from": discharged,
        "stat_soc": soc.entity_id,
        "capacity": CAPACITY / 1000,
    }
    check_equal("Saved battery", {key: battery.get(key) for key in expected}, expected)
    validation = await hass.call("energy/validate", dict[str, Json])
    issues = [issue for issue in validation.values() if issue not in ([], [[]])]
    check_equal("Issues of the Energy dashboard", issues, [])
    await page.goto(f"{hass.url}/energy")
    await expect(page.locator("hui-energy-distribution-card").filter(visible=True)).to_contain_text(f"{soc.value}%")
    await page.goto(f"{hass.url}/config/energy")
    await expect(page.locator("ha-energy-battery-settings")).to_contain_text(METERS["demo:battery_out"])
    await expect(page.locator("ha-energy-validation-result ha-alert")).to_have_count(0)
