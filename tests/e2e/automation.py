"""A blueprint made into an automation by clicking, which then does what it is for."""

from typing import Final

from playwright.async_api import expect

from scripts.hass import HomeAssistant, State
from scripts.smoke import answered

from .expectations import same, until
from .journey import Journey
from .views import enabled

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
    same("The automation", await until(lambda: automations(journey.hass), bool), ["on"])
    payload = await answered(journey.moved)
    await journey.turn("payload", **payload | {"shutdown": True})
    await page.locator("ha-sidebar").get_by_text("Notifications").click()
    told = page.locator("notification-drawer persistent-notification-item")
    await expect(told).to_contain_text(["Look: Shutdown."])
    await journey.turn("payload")
    same("Shutdown in the end", await until(lambda: shutdown(journey), lambda seen: seen == "off"), "off")
    await expect(told).to_have_count(1)


async def automations(hass: HomeAssistant) -> list[str]:
    """Return the states of all automations."""
    states = await hass.call("get_states", list[State])
    return [one["state"] for one in states if one["entity_id"].startswith("automation.")]


async def shutdown(journey: Journey) -> str | None:
    """Return the state of the first gateway's flag."""
    return {one.key: one.value for one in await enabled(journey, journey.gateway)}["shutdown"]
