"""The reauth flow."""

from tests.e2e.checks import check_entries_without_problems, expect_logged_error
from tests.e2e.flow_dialog import replace_token
from tests.e2e.selectors import INTEGRATIONS_PATH
from tests.e2e.session import BrowserSession


async def replace_rejected_token(session: BrowserSession) -> None:
    """Revoke the access token at the gateway, and enter a new one in the reauth flow."""
    page, serial = session.page, session.gateway["serial"]
    session.new_token = (await session.control_gateway("token"))["token"]
    await session.control_gateway("revoke", token=session.gateway["token"])
    await expect_logged_error(session, "invalid_auth")
    await page.goto(session.hass.url + INTEGRATIONS_PATH)
    card = page.locator("ha-config-flow-card", has_text=f"IQ Gateway {serial}")
    await card.get_by_role("button").first.click()
    await replace_token(session, session.new_token)
    await check_entries_without_problems(session)
