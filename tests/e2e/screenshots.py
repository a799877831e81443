"""The screenshots for the README. Each run takes them; --update-images saves them in docs/images."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Page

from scripts.lib.process import ROOT, RunError

from .browser import wait_until_rendered

IMAGES: Final = ROOT / "docs" / "images"
MAX_SIZE: Final = 150_000  # bytes
COLORS: Final = 256


class Screenshots:
    """Takes screenshots and saves them in one folder."""

    def __init__(self, folder: Path) -> None:
        """Set the folder."""
        self._folder = folder

    async def take(self, page: Page, name: str, *, height: int) -> None:
        """Save the top of the page, `height` CSS pixels, as `name`.png; raises RunError if the file is too large."""
        viewport = page.viewport_size or {"width": 0, "height": 0}
        await page.set_viewport_size({"width": viewport["width"], "height": height})
        await wait_until_rendered(page, 1500)
        image = Image.open(BytesIO(await page.screenshot(animations="disabled"))).convert("RGB")
        await page.set_viewport_size(viewport)
        file = self._folder / f"{name}.png"
        image.quantize(COLORS, dither=Image.Dither.NONE).save(file, optimize=True)
        if (size := file.stat().st_size) > MAX_SIZE:
            msg = f"The screenshot {file} has {size} bytes, more than {MAX_SIZE}."
            raise RunError(msg)
