"""An automation from one of the blueprints."""

from typing import Final

from playwright.async_api import expect

from scripts.lib.home_assistant import HomeAssistant, State
from scripts.lib.smoke import read_payload
from tests.e2e.checks import check_equal, wait_until
from tests.e2e.session import BrowserSession

BLUEPRINT: Final = "Enphase: gateway alert"
ACTION: Final = "Send a persistent notification"


async def create_automation_from_blueprint(session: BrowserSession) -> None:
    """Create an automation for the shutdown flag: when the flag is set, it sends one notification."""
    page, serial = session.page, session.gateway["serial"]
    await page.goto(f"{session.hass.url}/config/blueprint/dashboard")
    await page.get_by_text(BLUEPRINT).click()
    editor = page.locator("blueprint-automation-editor")
    await editor.locator("ha-entity-picker ha-picker-field").first.click()
    await editor.locator("ha-combo-box-item", has_text=serial).filter(has_text="System shutdown").click()
    await editor.get_by_role("button", name="Add action").click()
    dialog = page.locator("add-automation-element-dialog")
    await dialog.locator("ha-input-search input").fill(ACTION)
    await dialog.locator("ha-list-item-button", has_text=ACTION).click()
    await editor.locator("ha-automation-action ha-selector-text input:enabled").fill("Look: {{ reason }}.")
    await page.get_by_role("button", name="Save").click()
    states = await wait_until(lambda: _read_automation_states(session.hass), bool)
    check_equal("States of the automations", states, ["on"])
    payload = await read_payload(session.moved_gateway)
    await session.control_gateway("payload", **payload | {"shutdown": True})
    await page.locator("ha-sidebar").get_by_text("Notifications").click()
    notifications = page.locator("notification-drawer persistent-notification-item")
    await expect(notifications).to_contain_text(["Look: System shutdown."])
    await session.control_gateway("payload")
    state = await wait_until(lambda: _read_shutdown_state(session), lambda value: value == "off")
    check_equal("State of the shutdown flag at the end", state, "off")
    await expect(notifications).to_have_count(1)


async def _read_automation_states(hass: HomeAssistant) -> list[str]:
    """Return the states of all automations."""
    states = await hass.call("get_states", list[State])
    return [state["state"] for state in states if state["entity_id"].startswith("automation.")]


async def _read_shutdown_state(session: BrowserSession) -> str | None:
    """Return the state of the first gateway's shutdown flag."""
    entities = await session.enabled_entities(session.gateway)
    return {entity.key: entity.value for entity in entities}["shutdown"]
