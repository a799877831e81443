"""Our dashboard as the docs give it, and Home Assistant's own Energy dashboard with our state of charge."""

from typing import Final, TypedDict

from playwright.async_api import expect

from scripts.demo import PAGE, add_dashboard
from scripts.hass import Json

from .browser import PHONE, WIDE, settled
from .expectations import same
from .journey import Journey
from .past import CAPACITY, METERS
from .views import enabled, fits

BROKEN: Final = "hui-error-card, hui-error-badge, hui-warning, hui-warning-element, hui-error-heading-badge"


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
    """Give the Energy dashboard a battery with our state of charge: it takes it, and shows it."""
    hass, page = journey.hass, journey.page
    (soc,) = [one for one in await enabled(journey, journey.gateway) if one.key == "agg_soc"]
    meters = dict(zip(("stat_energy_to", "stat_energy_from"), METERS, strict=True))
    battery: dict[str, Json] = {"type": "battery", **meters, "stat_soc": soc.entity_id, "capacity": CAPACITY / 1000}
    await hass.call("energy/save_prefs", object, energy_sources=[battery])
    complaints = await hass.call("energy/validate", dict[str, Json])
    same("What the Energy dashboard complains of", [one for one in complaints.values() if one not in ([], [[]])], [])
    await page.goto(f"{hass.url}/energy")
    await expect(page.locator("hui-energy-distribution-card").filter(visible=True)).to_contain_text(f"{soc.value}%")
    await page.goto(f"{hass.url}/config/energy")
    await expect(page.locator("ha-energy-battery-settings")).to_contain_text(METERS["demo:battery_out"])
    await expect(page.locator("ha-energy-validation-result ha-alert")).to_have_count(0)
