"""The end: diagnostics that tell nobody who you are, and a removal that leaves nothing."""

import json
from pathlib import Path

from playwright.async_api import expect

from scripts.demo import entities, entries
from scripts.hass import DOMAIN, State
from scripts.smoke import answered

from .expectations import same, until
from .journey import Journey
from .network import GATEWAY, HOME, MOVED
from .places import menu_item
from .upkeep import INTERVAL


async def diagnostics(journey: Journey) -> None:
    """Download the diagnostics by clicking, and find the values in them but no name of anything."""
    item = await menu_item(journey, journey.gateway["serial"], "Download diagnostics")
    await journey.pictures.take(journey.page, "diagnostics", height=800)
    async with journey.page.expect_download() as downloading:
        await item.click()
    file = await (await downloading.value).path()
    text = Path(file).read_text()
    found = json.loads(text)["data"]
    same("State, interval and pin", (found["state"], found["interval"], found["pinned"]), ("loaded", INTERVAL, True))
    same("The report", found["report"], await answered(journey.moved))
    secrets = (journey.gateway["serial"], str(GATEWAY), str(HOME), str(MOVED), journey.gateway["token"], journey.token)
    same("What diagnostics must not tell", [secret for secret in secrets if secret in text], [])


async def removal(journey: Journey) -> None:
    """Delete both entries by clicking; nothing of them stays."""
    page = journey.page
    for gateway in (journey.gateway, journey.second):
        await (await menu_item(journey, gateway["serial"], "Delete")).click()
        await page.get_by_role("button", name="Delete", exact=True).last.click()
        await expect(page.locator("ha-config-entry-row", has_text=gateway["serial"])).to_have_count(0)
    same("What remains", await until(lambda: remains(journey), lambda found: not found), [])


async def remains(journey: Journey) -> list[str]:
    """Return what Home Assistant still knows of us."""
    hass = journey.hass
    devices = await hass.call("config/device_registry/list", list[dict[str, str]])
    issues = await hass.call("repairs/list_issues", dict[str, list[dict[str, str]]])
    states = await hass.call("get_states", list[State])
    flows = await hass.call("config_entries/flow/progress", list[dict[str, str]])
    kept = [f"entry {one['entry_id']}" for one in await entries(hass)]
    kept += [f"entity {one.entity_id}" for one in await entities(hass)]
    kept += [f"state {one['entity_id']}" for one in states if "iq_gateway" in one["entity_id"]]
    kept += [f"device {one['id']}" for one in devices if one["manufacturer"] == "Enphase"]
    kept += [f"issue {one['issue_id']}" for one in issues["issues"] if one["domain"] == DOMAIN]
    kept += [f"flow {one['flow_id']}" for one in flows if one["handler"] == DOMAIN]
    stored = hass.log.parent / ".storage" / "core.config_entries"
    return kept + [stored.name] * (DOMAIN in stored.read_text())
