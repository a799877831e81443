"""A test of the checks themselves: provoke each kind of problem, and check that it is detected."""

from typing import Final

from playwright.async_api import expect

from scripts.lib.home_assistant import DOMAIN, Json
from scripts.lib.integration import DASHBOARD
from tests.e2e.checks import check_equal, wait_until
from tests.e2e.network import EXTERNAL_ADDRESS
from tests.e2e.session import BrowserSession

from .dashboards import ERROR_CARDS

THROW_ERROR: Final = 'setTimeout(() => { throw new Error("provoked") });'
SCRIPT: Final = f"""{THROW_ERROR}
console.error("provoked by a message");
fetch("/provoked");
fetch("http://{EXTERNAL_ADDRESS}/provoked", {{mode: "no-cors"}}).catch(() => null);
"""
PROBLEMS: Final = (
    "frontend error",
    "console error: provoked by",
    "response 500",
    "request to another host",
    "log",
    "not detected",
)
"""How the reports of the provoked problems start."""
# Each of these results in one of ERROR_CARDS
VIEW: Final[dict[str, Json]] = {
    "badges": [{"type": "broken"}],
    "cards": [
        {"type": "tile", "entity": "sensor.broken"},
        {"type": "heading", "heading": "broken", "badges": [{"type": "broken"}]},
        {"type": "broken"},
    ],
}


async def provoke_problems(session: BrowserSession) -> None:
    """Provoke each kind of problem; raises RunError if the monitor doesn't detect it. This must be the last step."""
    await _check_error_cards(session)
    session.monitor.expect("what is never provoked")
    await session.page.route("**/provoked", lambda route: route.fulfill(status=500))
    record = {"message": "provoked", "level": "error", "logger": f"custom_components.{DOMAIN}"}
    await session.hass.request("POST", "/api/services/system_log/write", object, {**record})
    await session.page.evaluate(SCRIPT)
    await _check_detected(session, *PROBLEMS)
    # A page without the frontend, which would catch the error
    await session.page.goto(f"{session.hass.url}/manifest.json")
    await session.page.evaluate(THROW_ERROR)
    await _check_detected(session, "page error")


async def _check_error_cards(session: BrowserSession) -> None:
    hass, page = session.hass, session.page
    await hass.call("lovelace/config/save", object, url_path=DASHBOARD, config={"views": [VIEW]})
    await page.goto(f"{hass.url}/{DASHBOARD}")
    for selector in ERROR_CARDS.split(", "):
        await expect(page.locator(selector).first, selector).to_be_visible()
    session.monitor.take_problems()  # the frontend also logs these errors to the console


async def _check_detected(session: BrowserSession, *prefixes: str) -> None:
    problems: list[str] = []

    async def read_missing() -> list[str]:
        problems.extend(problem for problem in session.monitor.take_problems() if "provoked" in problem)
        return [prefix for prefix in prefixes if not any(problem.startswith(prefix) for problem in problems)]

    missing = await wait_until(read_missing, lambda found: not found)
    check_equal("Provoked but not detected", missing, [])
