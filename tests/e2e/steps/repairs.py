"""The repairs: a changed certificate, and an access token that is about to expire."""

from typing import Final

from playwright.async_api import expect

from tests.e2e.checks import check_entries_without_problems, expect_logged_error
from tests.e2e.flow_dialog import DIALOG, close, replace_token
from tests.e2e.network import NEW_GATEWAY_ADDRESS
from tests.e2e.selectors import open_menu
from tests.e2e.session import BrowserSession
from tests.e2e.translations import translation

TOKEN_AGE: Final = 350 * 86400  # s; a token of a system owner expires after a year, so 15 days remain


async def accept_changed_certificate(session: BrowserSession) -> None:
    """Replace the gateway's pinned certificate, and accept the new one in Repairs."""
    page = session.page
    await session.control_gateway("replace_certificate")
    await session.control_gateway("move", address=str(NEW_GATEWAY_ADDRESS))
    await expect_logged_error(session, "certificate_changed")
    await _open_repair(session, "certificate_changed")
    dialog = page.locator("step-flow-form")
    await expect(dialog).to_contain_text("Select Submit to accept the current certificate")
    await page.get_by_role("button", name="Submit").click()
    await close(page, "Finish")
    await check_entries_without_problems(session)


async def replace_expiring_token(session: BrowserSession) -> None:
    """Reconfigure the entry with a token that expires soon; the repair leads to the form for a new one."""
    old_token = (await session.control_gateway("token", age=TOKEN_AGE))["token"]
    await (await open_menu(session, session.gateway["serial"], "Reconfigure")).click()
    await replace_token(session, old_token)
    await _open_repair(session, "token_ends")
    await session.page.get_by_role("button", name="Submit").wait_for()
    await session.screenshots.take(session.page, "repair", parts=session.page.locator(DIALOG), margin=0)
    await session.page.get_by_role("button", name="Submit").click()
    await replace_token(session, session.new_token)
    await check_entries_without_problems(session)


async def _open_repair(session: BrowserSession, key: str) -> None:
    """Open the repair of the first gateway with this translation key."""
    await session.page.goto(f"{session.hass.url}/config/repairs")
    title = translation(f"issues.{key}.title", title=f"IQ Gateway {session.gateway['serial']}")
    await session.page.locator("ha-config-repairs").get_by_text(title).click()
