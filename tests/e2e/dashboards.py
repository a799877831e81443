"""Our dashboard as the docs give it, and Home Assistant's own Energy dashboard with our state of charge."""

import re
from typing import Final, TypedDict

from playwright.async_api import expect

from scripts.demo import PAGE, add_dashboard
from scripts.hass import Json

from .browser import PHONE, WIDE, settled
from .expectations import same
from .journey import Journey
from .past import CAPACITY, METERS
from .views import enabled, fits

BROKEN: Final = "hui-error-card, hui-error-badge, hui-warning, hui-error-heading-badge"


PICKERS: Final = ("Energy charged into", "Energy discharged from", "Battery state of charge sensor")


class View(TypedDict):
    """A view of a dashboard."""

    path: str


class Dashboard(TypedDict):
    """A dashboard as the API tells it."""

    views: list[View]


async def ours(journey: Journey) -> None:
    """Open every view of our dashboard, wide and narrow: all cards work."""
    hass, page = journey.hass, journey.page
    address = f"{hass.url}{await add_dashboard(hass, journey.gateway['serial'])}"
    config = await hass.call("lovelace/config", Dashboard, url_path=PAGE)
    for size in (PHONE, WIDE):
        await page.set_viewport_size(size)
        for view in config["views"]:
            await page.goto(f"{address}/{view['path']}")
            await expect(page.locator("hui-tile-card, hui-entities-card").first).to_be_visible()
            await settled(page, 1500)
            await expect(page.locator(BROKEN)).to_have_count(0)
            await fits(page, "hui-card")
    await page.goto(address)
    await journey.pictures.take(page, "dashboard", height=780)


async def energy(journey: Journey) -> None:
    """Add a battery with our state of charge and a capacity to the Energy dashboard: it shows them."""
    hass, page = journey.hass, journey.page
    (soc,) = [one for one in await enabled(journey, journey.gateway) if one.key == "agg_soc"]
    await page.goto(f"{hass.url}/config/energy")
    await page.get_by_role("button", name="Add battery system").click()
    dialog = page.locator("dialog-energy-battery-settings")
    device = f"IQ Gateway {journey.gateway['serial']}"
    texts = (*METERS.values(), rf"{re.escape(soc.name.removeprefix(f'{device} '))}\s*{device}")
    for label, statistic in zip(PICKERS, map(re.compile, texts), strict=True):
        picker = dialog.locator("ha-statistic-picker").filter(has_text=label)
        await picker.locator("ha-picker-field").click()
        await picker.locator("ha-combo-box-item").filter(has_text=statistic).click()
        await expect(picker.locator("ha-picker-field")).to_contain_text(statistic)
    # All at once, it is lost now and then
    await dialog.locator('ha-input input[type="number"]').press_sequentially(f"{CAPACITY / 1000:g}")
    await dialog.get_by_role("button", name="Save").click()
    await dialog.locator("ha-dialog").wait_for(state="detached")
    (battery,) = (await hass.call("energy/get_prefs", dict[str, list[dict[str, Json]]]))["energy_sources"]
    charged, discharged = METERS
    wanted = {"stat_energy_to": charged, "stat_energy_from": discharged, "stat_soc": soc.entity_id}
    same(
        "What was saved",
        {key: battery.get(key) for key in (*wanted, "capacity")},
        wanted | {"capacity": CAPACITY / 1000},
    )
    complaints = await hass.call("energy/validate", dict[str, Json])
    same("What the Energy dashboard complains of", [one for one in complaints.values() if one not in ([], [[]])], [])
    await page.goto(f"{hass.url}/energy")
    await expect(page.locator("hui-energy-distribution-card").filter(visible=True)).to_contain_text(f"{soc.value}%")
    await page.goto(f"{hass.url}/config/energy")
    await expect(page.locator("ha-energy-battery-settings")).to_contain_text(METERS["demo:battery_out"])
    await expect(page.locator("ha-energy-validation-result ha-alert")).to_have_count(0)
