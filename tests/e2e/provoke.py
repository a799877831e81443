"""A watch that sees nothing looks like a world in which all is well: provoke each fault, and see it named."""

from typing import Final

from scripts.hass import DOMAIN, RunError, say

from .journey import Journey
from .network import ABROAD
from .patience import until

SCRIPT: Final = f"""
setTimeout(() => {{ throw new Error("provoked") }});
console.error("provoked");
fetch("/provoked");
fetch("http://{ABROAD}/provoked", {{mode: "no-cors"}}).catch(() => null);
"""
NAMED: Final = (
    "page error",
    "frontend error",
    "console error",
    "answer 500",
    "request to another host",
    "log",
)


async def provoke(journey: Journey) -> None:
    """Do, as the last thing, what is watched for; raises RunError if some of it is not seen."""
    await journey.page.route("**/provoked", lambda route: route.fulfill(status=500))
    await journey.page.evaluate(SCRIPT)
    # A page without Home Assistant's own handler of errors, as that of the login
    await journey.page.goto(f"{journey.hass.url}/manifest.json")
    await journey.page.evaluate(SCRIPT)
    record = {"message": "provoked", "level": "error", "logger": f"custom_components.{DOMAIN}"}
    await journey.hass.request("POST", "/api/services/system_log/write", object, {**record})
    unseen = await until(lambda: _unseen(journey), lambda found: not found)
    if unseen:
        msg = f"e2e: these were provoked and not noticed: {', '.join(unseen)}"
        raise RunError(msg)
    say("each kind of fault is noticed")


async def _unseen(journey: Journey) -> list[str]:
    seen = [fault for fault in journey.watch.faults() if "provoked" in fault]
    return [name for name in NAMED if not any(fault.startswith(f"{name}: ") for fault in seen)]
