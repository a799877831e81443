"""The options of a config entry."""

import time
from typing import Final

from playwright.async_api import expect

from tests.e2e.checks import check_entries_without_problems, check_equal, wait_until
from tests.e2e.flow_dialog import close
from tests.e2e.selectors import OPTIONS_BUTTON, open_config_entry
from tests.e2e.session import BrowserSession
from tests.e2e.translations import translation

INTERVAL: Final = 5  # s, the shortest
TOLERANCE: Final = 3  # s that a poll may be late on a busy machine


async def change_options(session: BrowserSession) -> None:
    """Shorten the interval and pin the certificate: the gateway is polled in the new interval."""
    page = session.page
    row = await open_config_entry(session, session.gateway["serial"])
    await row.locator(OPTIONS_BUTTON).first.click()
    form = page.locator("step-flow-form")
    await expect(form).to_contain_text(translation("options.step.init.data_description.pin_certificate"))
    await form.locator("ha-selector-number input").fill(str(INTERVAL))
    await form.locator("ha-switch").click()
    await page.get_by_role("button", name="Submit").click()
    await close(page, "Finish")
    await check_entries_without_problems(session)
    await _wait_for_poll(session)
    start = time.monotonic()
    await _wait_for_poll(session)
    pause = time.monotonic() - start
    in_time = pause < INTERVAL + TOLERANCE
    check_equal(f"A poll every {INTERVAL} s (the next one came after {pause:.1f} s)", in_time, expected=True)


async def _wait_for_poll(session: BrowserSession) -> None:
    """Wait until the first gateway is polled again."""
    before = await session.count_polls()
    await wait_until(session.count_polls, lambda polls: polls > before)
