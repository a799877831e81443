"""A watch that sees nothing looks like a world in which all is well: provoke each fault, and see it named."""

from typing import Final

from playwright.async_api import expect

from scripts.demo import PAGE
from scripts.hass import DOMAIN, Json

from .dashboards import BROKEN
from .expectations import same, until
from .journey import Journey
from .network import ABROAD

THROW: Final = 'setTimeout(() => { throw new Error("provoked") });'
SCRIPT: Final = f"""{THROW}
console.error("provoked by a message");
fetch("/provoked");
fetch("http://{ABROAD}/provoked", {{mode: "no-cors"}}).catch(() => null);
"""
NAMED: Final = (
    "frontend error",
    "console error: provoked by",
    "answer 500",
    "request to another host",
    "log",
    "not seen",
)
# What a dashboard makes of each is one of BROKEN
VIEW: Final[dict[str, Json]] = {
    "badges": [{"type": "broken"}],
    "cards": [
        {"type": "tile", "entity": "sensor.broken"},
        {"type": "heading", "heading": "broken", "badges": [{"type": "broken"}]},
        {"type": "broken"},
    ],
}


async def provoke(journey: Journey) -> None:
    """Do, as the last thing, what is watched for; raises RunError if some of it is not seen."""
    await _broken_cards_are_found(journey)
    journey.watch.expect("what is never provoked")
    await journey.page.route("**/provoked", lambda route: route.fulfill(status=500))
    record = {"message": "provoked", "level": "error", "logger": f"custom_components.{DOMAIN}"}
    await journey.hass.request("POST", "/api/services/system_log/write", object, {**record})
    await journey.page.evaluate(SCRIPT)
    await _are_noticed(journey, *NAMED)
    # A page without the frontend, which handles errors itself
    await journey.page.goto(f"{journey.hass.url}/manifest.json")
    await journey.page.evaluate(THROW)
    await _are_noticed(journey, "page error")


async def _broken_cards_are_found(journey: Journey) -> None:
    hass, page = journey.hass, journey.page
    await hass.call("lovelace/config/save", object, url_path=PAGE, config={"views": [VIEW]})
    await page.goto(f"{hass.url}/{PAGE}")
    for kind in BROKEN.split(", "):
        await expect(page.locator(kind).first, kind).to_be_visible()
    journey.watch.faults()  # the frontend writes the same to the console


async def _are_noticed(journey: Journey, *names: str) -> None:
    seen: list[str] = []

    async def unseen() -> list[str]:
        seen.extend(fault for fault in journey.watch.faults() if "provoked" in fault)
        return [name for name in names if not any(fault.startswith(name) for fault in seen)]

    same("Provoked and not noticed", await until(unseen, lambda found: not found), [])
