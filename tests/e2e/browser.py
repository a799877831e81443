"""A browser as a user has it, without a window."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import shutil
from typing import Final

from playwright.async_api import BrowserContext, Page, ViewportSize, async_playwright, expect

from scripts.hass import RunError

WIDE: Final[ViewportSize] = {"width": 1100, "height": 800}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
PATIENCE: Final = 20_000  # ms
# Chromium calls home when it may; nobody but us watches it
QUIET: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def browser(folder: Path, time_zone: str) -> AsyncGenerator[BrowserContext]:
    """Give a fresh profile of Chromium in the folder; end it afterwards."""
    program = shutil.which("chromium")
    if program is None:
        msg = "There is no chromium here. scripts/setup browser installs it."
        raise RunError(msg)
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder,
            executable_path=program,
            headless=True,
            args=[*QUIET],
            viewport=WIDE,
            device_scale_factor=2,
            locale="en-GB",
            timezone_id=time_zone,
            reduced_motion="reduce",
            color_scheme="light",
        )
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield context
        await context.close()


async def settled(page: Page, milliseconds: int = 500) -> None:
    """Wait until the page has its fonts and pictures, and has stopped moving."""
    await page.evaluate("document.fonts.ready")
    await page.wait_for_timeout(milliseconds)
