"""Automations: from a trigger of the gateway's device, and from one of the blueprints."""

from functools import partial
from typing import Final

from playwright.async_api import expect

from scripts.lib.home_assistant import HomeAssistant, State
from scripts.lib.smoke import read_payload
from tests.e2e.browser import TALL
from tests.e2e.checks import check_equal, wait_until
from tests.e2e.session import BrowserSession
from tests.e2e.translations import translation

BLUEPRINT: Final = "Enphase: gateway alert"
ACTION: Final = "Send a persistent notification"


async def create_automation_by_device(session: BrowserSession) -> None:
    """Create an automation by clicking on the device, and let the gateway go through a raised and a reached reserve."""
    page = session.page
    await page.goto(f"{session.hass.url}/config/automation/edit/new")
    await _add_for_device(session, "trigger", translation("triggers.reserve_reached.name"))
    await _add_for_device(session, "condition", translation("conditions.is_at_reserve.name"))
    await page.get_by_role("button", name="Add action").click()
    await _add_notification(session, "ha-selector-text input:enabled", "{{ trigger.charge }}/{{ trigger.reserve }}")
    await page.get_by_role("button", name="Save").click()
    dialog = page.locator("ha-dialog[open]", has_text="Cancel")
    await dialog.locator("input").fill("Reserve reached")
    await dialog.get_by_role("button", name="Save").click()
    await wait_until(lambda: _read_automation_states(session.hass), lambda states: states == ["on"])
    payload = await read_payload(session.moved_gateway)
    for charge, reserve in ((46, 20), (46, 100), (46, 20), (20, 20)):
        await session.control_gateway("payload", **payload | {"agg_soc": charge, "adjusted_backup_soc": reserve})
        shown = [str(charge), str(reserve)]
        check_equal("Charge and reserve", await wait_until(partial(_read_values, session), shown.__eq__), shown)
    await page.locator("ha-sidebar").get_by_text("Notifications").click()
    notifications = page.locator("notification-drawer persistent-notification-item")
    await expect(notifications).to_contain_text(["20/20"])
    await expect(notifications).to_have_count(1)
    await notifications.get_by_role("button", name="Dismiss").click()
    await expect(notifications).to_have_count(0)
    await session.control_gateway("payload")


async def _add_for_device(session: BrowserSession, kind: str, name: str) -> None:
    """Add a trigger or a condition to the open automation: first the first gateway's device, then the name."""
    page = session.page
    await page.get_by_role("button", name=f"Add {kind}").click()
    dialog = page.locator("add-automation-element-dialog")
    device = dialog.get_by_text(f"IQ Gateway {session.gateway['serial']}")
    await dialog.get_by_text("Devices", exact=True).or_(device).first.click()
    await device.first.click()
    await dialog.get_by_text(name).first.wait_for()
    await session.screenshots.take(page, kind, parts=dialog.locator("dialog"), margin=0)
    await dialog.get_by_text(name).first.click()
    await expect(dialog.get_by_text(name)).to_have_count(0)


async def _add_notification(session: BrowserSession, message_field: str, message: str) -> None:
    """Select the action that sends a notification in the open dialog, and enter its message."""
    dialog = session.page.locator("add-automation-element-dialog")
    await dialog.locator("ha-input-search input").fill(ACTION)
    await dialog.locator("ha-list-item-button", has_text=ACTION).click()
    await session.page.locator(message_field).first.fill(message)


async def _read_values(session: BrowserSession) -> list[str]:
    """Return the first gateway's state of charge and reserve."""
    values = {entity.key: entity.value for entity in await session.enabled_entities(session.gateway)}
    return [str(values[key]) for key in ("agg_soc", "adjusted_backup_soc")]


async def create_automation_from_blueprint(session: BrowserSession) -> None:
    """Create an automation for the shutdown flag: when the flag is set, it sends one notification."""
    page, serial = session.page, session.gateway["serial"]
    await page.goto(f"{session.hass.url}/config/blueprint/dashboard")
    await page.get_by_text(BLUEPRINT).click()
    editor = page.locator("blueprint-automation-editor")
    await editor.locator("ha-entity-picker ha-picker-field").first.click()
    await editor.locator("ha-combo-box-item", has_text=serial).filter(has_text="System shutdown").click()
    await editor.get_by_role("button", name="Add action").click()
    message_field = "blueprint-automation-editor ha-automation-action ha-selector-text input:enabled"
    await _add_notification(session, message_field, "IQ Gateway: {{ reason }}.")
    form = editor.locator("ha-card").first
    await session.screenshots.take(page, "blueprint", viewport=TALL, parts=form)
    await page.get_by_role("button", name="Save").click()
    states = await wait_until(lambda: _read_automation_states(session.hass), lambda states: len(states) > 1)
    check_equal("States of the automations", states, ["on", "on"])
    payload = await read_payload(session.moved_gateway)
    await session.control_gateway("payload", **payload | {"shutdown": True})
    await page.locator("ha-sidebar").get_by_text("Notifications").click()
    notifications = page.locator("notification-drawer persistent-notification-item")
    await expect(notifications).to_contain_text(["IQ Gateway: System shutdown."])
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
