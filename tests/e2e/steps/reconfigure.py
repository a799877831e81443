"""The reconfigure flow."""

from playwright.async_api import expect

from tests.e2e.checks import check_entries_without_problems, expect_logged_error
from tests.e2e.flow_dialog import finish_update, select_sign_in, submit
from tests.e2e.network import NEW_GATEWAY_ADDRESS
from tests.e2e.selectors import device_page_url, open_menu
from tests.e2e.session import BrowserSession


async def enter_new_host(session: BrowserSession) -> None:
    """Move the gateway to a different address; enter that address, and keep the current sign-in."""
    page, serial = session.page, session.gateway["serial"]
    await session.control_gateway("move", address=str(NEW_GATEWAY_ADDRESS))
    await expect_logged_error(session, "cannot_connect")
    await (await open_menu(session, serial, "Reconfigure")).click()
    await submit(session, host=str(NEW_GATEWAY_ADDRESS))
    await select_sign_in(page, "keep")
    await finish_update(page)
    await check_entries_without_problems(session)
    await page.goto(await device_page_url(session.hass, session.gateway))
    await expect(page.locator(f'a[href="https://{NEW_GATEWAY_ADDRESS}/home"]').first).to_be_visible()
