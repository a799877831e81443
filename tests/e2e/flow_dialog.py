"""The dialog of config flows, options flows, and repair flows."""

from typing import Final

from playwright.async_api import Page, expect

from .network import NEW_GATEWAY_ADDRESS
from .session import BrowserSession
from .translations import translation

DIALOG: Final = "dialog-data-entry-flow dialog"


async def submit(session: BrowserSession, **fields: str) -> None:
    """Fill in fields of the form, and submit the form."""
    for field, text in fields.items():
        await session.page.locator(f'step-flow-form input[name="{field}"]').fill(text)
    await session.page.get_by_role("button", name="Submit").click()


async def select_sign_in(page: Page, option: str) -> None:
    """Select the option with this key in the sign-in menu."""
    text = translation(f"config.step.sign_in.menu_options.{option}")
    await page.locator("step-flow-menu").get_by_text(text, exact=True).click()


async def replace_token(session: BrowserSession, token: str) -> None:
    """Complete a reauth or reconfigure flow of the first gateway with this access token."""
    await submit(session, host=str(NEW_GATEWAY_ADDRESS))
    await select_sign_in(session.page, "token")
    await submit(session, token=token)
    await finish_update(session.page)


async def finish_creation(page: Page, serial: str, key: str = "default") -> None:
    """Check that the flow has created the gateway's config entry and shows the text with this key; close the dialog."""
    result = page.locator("step-flow-create-entry")
    await expect(result.locator("input").first).to_have_value(f"IQ Gateway {serial}")
    await expect(result).to_contain_text(translation(f"config.create_entry.{key}"))
    await close(page, "Skip and finish")


async def finish_update(page: Page) -> None:
    """Check that the flow has updated the config entry, and close the dialog."""
    await expect(page.locator("step-flow-abort")).to_contain_text("successful")
    await close(page, "Close")


async def close(page: Page, button: str) -> None:
    """Click the last button of a flow; wait until the dialog has disappeared, also from the browser's history."""
    await page.get_by_role("button", name=button, exact=True).last.click()
    await page.locator("dialog-data-entry-flow ha-dialog").wait_for(state="detached")
    await page.wait_for_function("!history.state?.dialog")
