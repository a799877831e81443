"""A watch that sees nothing looks like a world in which all is well: provoke each fault, and see it named."""

from typing import Final

from scripts.hass import DOMAIN, say

from .expectations import same, until
from .journey import Journey
from .network import ABROAD

SCRIPT: Final = f"""
setTimeout(() => {{ throw new Error("provoked") }});
console.error("provoked");
fetch("/provoked");
fetch("http://{ABROAD}/provoked", {{mode: "no-cors"}}).catch(() => null);
"""
NAMED: Final = ("frontend error", "console error", "answer 500", "request to another host", "log")


async def provoke(journey: Journey) -> None:
    """Do, as the last thing, what is watched for; raises RunError if some of it is not seen."""
    await journey.page.route("**/provoked", lambda route: route.fulfill(status=500))
    record = {"message": "provoked", "level": "error", "logger": f"custom_components.{DOMAIN}"}
    await journey.hass.request("POST", "/api/services/system_log/write", object, {**record})
    await journey.page.evaluate(SCRIPT)
    await _are_noticed(journey, *NAMED)
    # A page without the frontend, which handles errors itself
    await journey.page.goto(f"{journey.hass.url}/manifest.json")
    await journey.page.evaluate(SCRIPT)
    await _are_noticed(journey, "page error")
    say("each kind of fault is noticed")


async def _are_noticed(journey: Journey, *names: str) -> None:
    async def unseen() -> list[str]:
        seen = [fault for fault in journey.watch.faults() if "provoked" in fault]
        return [name for name in names if not any(fault.startswith(f"{name}: ") for fault in seen)]

    same("Provoked and not noticed", await until(unseen, lambda found: not found), [])
