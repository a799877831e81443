"""The removal of config entries."""

from playwright.async_api import expect

from scripts.lib.home_assistant import DOMAIN, State
from scripts.lib.integration import get_entities, get_entries
from tests.e2e.checks import check_equal, wait_until
from tests.e2e.selectors import open_menu
from tests.e2e.session import BrowserSession


async def delete_config_entries(session: BrowserSession) -> None:
    """Delete both config entries: everything that belongs to them is removed."""
    page = session.page
    for gateway in (session.gateway, session.second_gateway):
        await (await open_menu(session, gateway["serial"], "Delete")).click()
        await page.get_by_role("button", name="Delete", exact=True).last.click()
        await expect(page.locator("ha-config-entry-row", has_text=gateway["serial"])).to_have_count(0)
    remaining = await wait_until(lambda: _read_remaining(session), lambda found: not found)
    check_equal("Not removed", remaining, [])


async def _read_remaining(session: BrowserSession) -> list[str]:
    """Return everything of the integration that Home Assistant still has."""
    hass = session.hass
    devices = await hass.call("config/device_registry/list", list[dict[str, str]])
    issues = await hass.call("repairs/list_issues", dict[str, list[dict[str, str]]])
    states = await hass.call("get_states", list[State])
    flows = await hass.call("config_entries/flow/progress", list[dict[str, str]])
    remaining = [f"config entry {entry['entry_id']}" for entry in await get_entries(hass)]
    remaining += [f"entity {entity.entity_id}" for entity in await get_entities(hass)]
    remaining += [f"state {state['entity_id']}" for state in states if "iq_gateway" in state["entity_id"]]
    remaining += [f"device {device['id']}" for device in devices if device["manufacturer"] == "Enphase"]
    remaining += [f"issue {issue['issue_id']}" for issue in issues["issues"] if issue["domain"] == DOMAIN]
    remaining += [f"flow {flow['flow_id']}" for flow in flows if flow["handler"] == DOMAIN]
    page = await session.page.request.get(hass.url)
    remaining += ["dashboard strategy"] * (f"/{DOMAIN}/" in await page.text())
    storage = hass.log.parent / ".storage" / "core.config_entries"
    return remaining + [storage.name] * (DOMAIN in storage.read_text())
