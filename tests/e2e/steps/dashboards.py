"""The dashboard of the integration, and Home Assistant's Energy dashboard."""

import re
from typing import Final, TypedDict

from playwright.async_api import expect

from scripts.lib.history import GRID, METERS, SOLAR
from scripts.lib.home_assistant import Json
from scripts.lib.integration import Gateway
from tests.e2e.browser import DESKTOP, PHONE, TABLET, wait_until_rendered
from tests.e2e.checks import check_equal, check_fits, wait_until
from tests.e2e.selectors import MENU_BUTTON, device_page_url
from tests.e2e.session import BrowserSession
from tests.e2e.translations import translation

NAME: Final = "Enphase SecCtrl"
PROFILES: Final = (("de", DESKTOP), ("de", PHONE), ("en-GB", PHONE), ("en-GB", DESKTOP))
"""The languages and sizes in which the views are checked; the last ones are those of all other steps."""

ERROR_CARDS: Final = "hui-error-card, hui-error-badge, hui-warning, hui-error-heading-badge"
"""The elements that the frontend shows in place of a broken card or badge."""

TILES: Final = "hui-tile-card"
LEFT_OUT: Final = "max_energy"
"""The key of an entity that no later step needs: if it was enabled again, its entry would be reloaded."""

ENERGIES: Final = re.compile(r"(([1-9]|0\.)[\d.]*\s*kWh.*){5}", re.DOTALL)
"""In the Energy dashboard: solar, grid, home, and the battery in both directions, each above 0."""

STATISTIC_PICKERS: Final = ("Energy charged into", "Energy discharged from", "Battery state of charge sensor")


class Dashboard(TypedDict):
    """A dashboard, as returned by the API."""

    title: str
    url_path: str


async def add_dashboard(session: BrowserSession) -> None:
    """Add the dashboard with four clicks, without typing; it shows both gateways with their values."""
    hass, page = session.hass, session.page
    await page.goto(f"{hass.url}/config")
    await page.locator("ha-config-navigation").get_by_text("Dashboards", exact=True).click()
    await page.get_by_role("button", name="Add dashboard").click()
    dialog = page.locator("ha-dialog-new-dashboard")
    await expect(dialog.get_by_text("Community dashboards")).to_be_visible()
    card = dialog.locator("dashboard-card", has_text=NAME)
    await expect(card).to_contain_text(translation("common.dashboard_description"))
    await card.click()
    await page.get_by_role("button", name="Create", exact=True).click()
    await expect(page.locator("ha-data-table").get_by_text(translation("common.dashboard_title"))).to_be_visible()
    url = await _dashboard_url(session)
    for gateway in (session.gateway, session.second_gateway):
        await page.goto(f"{url}/{await _view_path(session, gateway)}")
        for entity in await session.enabled_entities(gateway):
            if entity.key in {"agg_soc", "adjusted_backup_soc"}:
                name = entity.name.removeprefix(f"IQ Gateway {gateway['serial']} ")
                tile = page.locator(TILES).filter(has=page.get_by_text(name, exact=True))
                await expect(tile).to_contain_text(f"{entity.value}%")


async def check_dashboard(session: BrowserSession) -> None:
    """Open every view of the dashboard in two languages, on a phone and on a desktop: all cards work and fit."""
    hass, page = session.hass, session.page
    url = await _dashboard_url(session)
    batteries = ("now", "last_day", "last_four_weeks")
    for language, viewport in PROFILES:
        await hass.call("frontend/set_user_data", object, key="language", value={"language": language})
        await page.set_viewport_size(viewport)
        await page.goto(url)
        for number, headings in enumerate((batteries, batteries, ("bias", "gateway"))):
            await page.locator("ha-tab-group-tab").nth(number).click()
            for heading in headings:
                text = translation(f"common.{heading}", language)
                await expect(page.locator("hui-heading-card").get_by_text(text).first).to_be_visible()
            await wait_until_rendered(page, 1000)
            await expect(page.locator(ERROR_CARDS)).to_have_count(0)
            await check_fits(page, "hui-card")
            await page.screenshot(path=session.folder / f"{language}-{viewport['width']}-{number}.png")
    await page.locator("ha-tab-group-tab").first.click()
    parts = page.locator(".toolbar, hui-view-header").or_(page.locator("hui-section").first)
    await session.screenshots.take(page, "dashboard", viewport=TABLET, parts=parts, with_dark=True)
    await session.screenshots.take(page, "phone", viewport=PHONE)


async def change_entities(session: BrowserSession) -> None:
    """Rename an entity and disable another one: the open dashboard follows."""
    hass, page = session.hass, session.page
    await page.goto(f"{await _dashboard_url(session)}/{await _view_path(session, session.second_gateway)}")
    entities = {entity.key: entity for entity in await session.enabled_entities(session.second_gateway)}
    renamed, disabled = entities["agg_soc"], entities[LEFT_OUT]
    names = {
        one.key: one.name.removeprefix(f"IQ Gateway {session.second_gateway['serial']} ") for one in (renamed, disabled)
    }
    tiles = page.locator(TILES)
    await expect(tiles.get_by_text(names[LEFT_OUT], exact=True)).to_have_count(1)
    update = "config/entity_registry/update"
    await hass.call(update, object, entity_id=disabled.entity_id, disabled_by="user")
    await expect(tiles.get_by_text(names[LEFT_OUT], exact=True)).to_have_count(0)
    await hass.call(update, object, entity_id=renamed.entity_id, new_entity_id="sensor.house", name="House")
    await expect(tiles.filter(has=page.get_by_text("House", exact=True))).to_contain_text(f"{renamed.value}%")
    await wait_until_rendered(page)
    await expect(page.locator(ERROR_CARDS)).to_have_count(0)
    await hass.call(update, object, entity_id="sensor.house", new_entity_id=renamed.entity_id, name=None)
    await expect(tiles.get_by_text(names["agg_soc"], exact=True)).to_have_count(1)


async def take_control(session: BrowserSession) -> None:
    """Take control of the dashboard: its cards are saved, and can be edited from then on."""
    page = session.page
    url = await _dashboard_url(session)
    await page.goto(url)
    await page.get_by_role("button", name="Edit dashboard").click()
    editor = page.locator("dialog-dashboard-strategy-editor")
    await editor.locator(MENU_BUTTON).click()
    await editor.locator("ha-dropdown-item", has_text="Take control").click()
    await page.get_by_role("button", name="Take control").click()

    async def read_views() -> list[str]:
        config = await session.hass.call("lovelace/config", dict[str, Json], url_path=url.rpartition("/")[2])
        return [*config]

    check_equal("Saved dashboard", await wait_until(read_views, lambda keys: "views" in keys), ["title", "views"])
    await page.goto(url)
    await expect(page.locator(TILES).first).to_be_visible()
    await expect(page.locator(ERROR_CARDS)).to_have_count(0)


async def _dashboard_url(session: BrowserSession) -> str:
    dashboards = await session.hass.call("lovelace/dashboards/list", list[Dashboard])
    (path,) = [one["url_path"] for one in dashboards if one["title"] == translation("common.dashboard_title")]
    return f"{session.hass.url}/{path}"


async def _view_path(session: BrowserSession, gateway: Gateway) -> str:
    """Return the path of the gateway's view, which is the ID of its device."""
    return (await device_page_url(session.hass, gateway)).rpartition("/")[2]


async def configure_energy_dashboard(session: BrowserSession) -> None:
    """Add a battery with the state of charge and a capacity to the Energy dashboard, which then shows it.

    For the picture, there are solar production and grid consumption, too.
    """
    hass, page = session.hass, session.page
    entities = await session.enabled_entities(session.gateway)
    (soc,) = [entity for entity in entities if entity.key == "agg_soc"]
    (capacity,) = [float(entity.value or 0) for entity in entities if entity.key == "max_energy"]
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
    await dialog.locator('ha-input input[type="number"]').press_sequentially(f"{capacity:g}")
    await dialog.get_by_role("button", name="Save").click()
    await dialog.locator("ha-dialog").wait_for(state="detached")
    (battery,) = (await hass.call("energy/get_prefs", dict[str, list[dict[str, Json]]]))["energy_sources"]
    charged, discharged = METERS
    expected = {
        "stat_energy_to": charged,
        "stat_energy_from": discharged,
        "stat_soc": soc.entity_id,
        "capacity": capacity,
    }
    check_equal("Saved battery", {key: battery.get(key) for key in expected}, expected)
    house: list[Json] = [
        {"type": "solar", "stat_energy_from": SOLAR},
        {"type": "grid", "stat_energy_from": GRID, "cost_adjustment_day": 0},
    ]
    await hass.call("energy/save_prefs", object, energy_sources=[battery, *house])
    validation = await hass.call("energy/validate", dict[str, list[list[Json]]])
    issues = [issue for source in validation["energy_sources"] for issue in source]
    check_equal("Issues of the Energy dashboard", issues, [])
    await page.goto(f"{hass.url}/energy")
    card = page.locator("hui-energy-distribution-card").filter(visible=True)
    await expect(card).to_contain_text(f"{soc.value}%")
    await expect(card).to_contain_text(ENERGIES)
    await session.screenshots.take(page, "energy", parts=card)
    await hass.call("energy/save_prefs", object, energy_sources=[battery])  # the next step adds its own battery
    await page.goto(f"{hass.url}/config/energy")
    await expect(page.locator("ha-energy-battery-settings")).to_contain_text(METERS["demo:battery_out"])
    await expect(page.locator("ha-energy-validation-result ha-alert")).to_have_count(0)
