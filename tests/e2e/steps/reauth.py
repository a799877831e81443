"""The reauth flow."""

import asyncio
from typing import Final

from tests.e2e.checks import check_entries_without_problems, expect_logged_error
from tests.e2e.flow_dialog import replace_token
from tests.e2e.selectors import INTEGRATIONS_PATH, open_menu
from tests.e2e.session import BrowserSession

LIFETIME: Final = 365 * 86400  # s
REMAINING: Final = 20  # s; long enough to enter the token


async def replace_expired_token(session: BrowserSession) -> None:
    """Let the access token expire, and enter a new one in the reauth flow.

    The rejection of an unexpired token is only believed after five minutes, which is too long for this test.
    """
    page, serial = session.page, session.gateway["serial"]
    session.new_token = (await session.control_gateway("token"))["token"]
    token = (await session.control_gateway("token", age=LIFETIME - REMAINING))["token"]
    await (await open_menu(session, serial, "Reconfigure")).click()
    await replace_token(session, token)
    await asyncio.sleep(REMAINING)
    await session.control_gateway("revoke", token=token)  # ends its session
    await expect_logged_error(session, "invalid_auth")
    await page.goto(session.hass.url + INTEGRATIONS_PATH)
    card = page.locator("ha-config-flow-card", has_text=f"IQ Gateway {serial}")
    await card.get_by_role("button").first.click()
    await replace_token(session, session.new_token)
    await check_entries_without_problems(session)
