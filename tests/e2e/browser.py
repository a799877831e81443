"""A headless Chromium."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import shutil
from typing import Final

from playwright.async_api import BrowserContext, Page, ViewportSize, async_playwright, expect

from scripts.lib.process import RunError

DESKTOP: Final[ViewportSize] = {"width": 1100, "height": 800}
TALL: Final[ViewportSize] = {"width": 1100, "height": 1200}
TABLET: Final[ViewportSize] = {"width": 860, "height": 1200}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
TIMEOUT: Final = 20_000  # ms
CHROMIUM_OPTIONS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # These prevent requests to Google
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def browser(profile: Path, time_zone: str) -> AsyncGenerator[BrowserContext]:
    """Start Chromium with a new profile in this folder, and close it at the end; raises RunError if there is none."""
    program = shutil.which("chromium")
    if program is None:
        msg = "Chromium is not installed. Run scripts/setup browser."
        raise RunError(msg)
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=program,
            headless=True,
            args=[*CHROMIUM_OPTIONS],
            viewport=DESKTOP,
            device_scale_factor=2,
            locale="en-GB",
            timezone_id=time_zone,
            reduced_motion="reduce",
            color_scheme="light",
        )
        context.set_default_timeout(TIMEOUT)
        expect.set_options(timeout=TIMEOUT)
        yield context
        await context.close()


async def wait_until_rendered(page: Page, milliseconds: int = 500) -> None:
    """Wait until the fonts are loaded, and then for images and animations."""
    await page.evaluate("document.fonts.ready")
    await page.wait_for_timeout(milliseconds)
