"""A blueprint made into an automation by clicking, which then does what it is for."""

import re
from typing import Final

from playwright.async_api import expect

from scripts.smoke import answered

from .journey import Journey

BLUEPRINT: Final = "Enphase gateway watch"
ACTION: Final = "Send a persistent notification"


async def blueprint(journey: Journey) -> None:
    """Choose the gateway's shutdown flag and what to do, and be told when the flag is raised, once."""
    page, serial = journey.page, journey.gateway["serial"]
    await page.goto(f"{journey.hass.url}/config/blueprint/dashboard")
    await page.get_by_text(BLUEPRINT).click()
    editor = page.locator("blueprint-automation-editor")
    await editor.locator("ha-entity-picker ha-picker-field").first.click()
    await editor.locator("ha-combo-box-item", has_text=serial).filter(has_text="Shutdown").click()
    await editor.get_by_role("button", name="Add action").click()
    actions = page.locator("add-automation-element-dialog")
    await actions.locator("ha-input-search input").fill(ACTION)
    await actions.locator("ha-list-item-button", has_text=ACTION).click()
    await editor.locator("ha-automation-action ha-selector-text input:enabled").fill("Look: {{ reason }}.")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url(re.compile(r"/edit/\d+$"))
    payload = await answered(journey.moved)
    await journey.turn("payload", **{**payload, "shutdown": True})
    await page.locator("ha-sidebar").get_by_text("Notifications").click()
    told = page.locator("notification-drawer persistent-notification-item")
    await expect(told).to_contain_text([f"Look: IQ Gateway {serial} Shutdown."])
    await journey.turn("payload")
