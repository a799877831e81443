"""Checks that several steps use."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from playwright.async_api import Page, expect

from scripts.lib.home_assistant import DOMAIN
from scripts.lib.integration import get_entries
from scripts.lib.process import RunError

from .session import BrowserSession
from .translations import logged_error

TIMEOUT: Final = 15  # s
CLIPPED_TEXTS: Final = """elements => elements.flatMap(element => [...element.childNodes]).filter(node => {
  if (node.nodeType !== Node.TEXT_NODE || !node.textContent.trim()) return false
  const range = document.createRange()
  range.selectNode(node)
  const {left, right} = range.getBoundingClientRect()
  return left < 0 || right > innerWidth
}).map(node => node.textContent.trim())"""
"""JavaScript: return the texts of the elements that extend beyond the left or right edge of the page."""


def check_equal[T](description: str, actual: T, expected: T) -> None:
    """Compare two values; raises RunError with both of them if they differ."""
    if actual != expected:
        msg = f"{description}: expected {expected!r}, got {actual!r}"
        raise RunError(msg)


async def wait_until[T](read: Callable[[], Awaitable[T]], condition: Callable[[T], bool]) -> T:
    """Read a value until it meets the condition, for TIMEOUT at most; return the last value."""
    for _ in range(TIMEOUT * 10):
        if condition(value := await read()):
            break
        await asyncio.sleep(0.1)
    return value


async def check_entries_without_problems(session: BrowserSession) -> None:
    """Wait until all config entries are loaded and the integration has no repairs; raises RunError."""

    async def read_problems() -> list[str]:
        issues = await session.hass.call("repairs/list_issues", dict[str, list[dict[str, str]]])
        states = [entry["state"] for entry in await get_entries(session.hass)]
        return [state for state in states if state != "loaded"] + [
            issue["issue_id"] for issue in issues["issues"] if issue["domain"] == DOMAIN
        ]

    problems = await wait_until(read_problems, lambda found: not found)
    check_equal("Problems of the config entries", problems, [])


async def expect_logged_error(session: BrowserSession, key: str) -> None:
    """Wait until Home Assistant has logged the error with this translation key; raises RunError if it doesn't."""
    text = logged_error(key)
    session.monitor.expect(text)

    async def is_logged() -> bool:
        return any(text in record for record in session.hass.logged_errors())

    check_equal(f"{key} is logged", await wait_until(is_logged, bool), expected=True)


async def check_fits(page: Page, selector: str) -> None:
    """Check that there are such elements, and that all are within the width of the page; raises RunError."""
    await expect(page.locator(selector)).not_to_have_count(0)
    viewport = page.viewport_size
    width = viewport["width"] if viewport else 0
    for element in await page.locator(selector).all():
        box = await element.bounding_box()
        if box and not -1 <= box["x"] <= box["x"] + box["width"] <= width + 1:
            extent = f"{box['x']} to {box['x'] + box['width']}"
            msg = f"{await element.inner_text()} extends from {extent} on a page of width {width}."
            raise RunError(msg)
