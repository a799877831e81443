"""The pictures of the README: taken always, kept only when asked for."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Page

from scripts.hass import ROOT, RunError

from .browser import settled

FOLDER: Final = ROOT / "docs" / "images"
LARGEST: Final = 150_000  # bytes
COLOURS: Final = 256


class Pictures:
    """Where pictures go."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder

    async def take(self, page: Page, name: str, *, height: int) -> None:
        """Take a picture of the upper part of a page, once it has settled; raises RunError if it is too large."""
        size = page.viewport_size or {"width": 0, "height": 0}
        await page.set_viewport_size({"width": size["width"], "height": height})
        await settled(page, 1500)
        shot = Image.open(BytesIO(await page.screenshot(animations="disabled"))).convert("RGB")
        await page.set_viewport_size(size)
        file = self._folder / f"{name}.png"
        shot.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
        if (bytes_ := file.stat().st_size) > LARGEST:
            msg = f"The picture {file} has {bytes_} bytes, more than {LARGEST}."
            raise RunError(msg)
