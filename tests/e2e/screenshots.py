"""The screenshots for the README and the docs. Each run takes them; --update-images saves them in docs/images."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import FloatRect, Locator, Page, ViewportSize

from scripts.lib.process import ROOT, RunError

from .browser import DESKTOP, wait_until_rendered

IMAGES: Final = ROOT / "docs" / "images"
MAX_SIZE: Final = 150_000  # bytes
COLORS: Final = 256
MARGIN: Final = 8


class Screenshots:
    """Takes screenshots and saves them in one folder."""

    def __init__(self, folder: Path) -> None:
        """Set the folder."""
        self._folder = folder

    async def take(
        self,
        page: Page,
        name: str,
        *,
        viewport: ViewportSize | None = None,
        parts: Locator | None = None,
        margin: int = MARGIN,
        with_dark: bool = False,
    ) -> None:
        """Save the page as `name`.png, and with `with_dark` also its dark version; raises RunError if one is too large.

        `viewport` is the size of the page. The image is cropped to `parts`, with a margin (pixels).
        """
        original = page.viewport_size or DESKTOP
        await page.set_viewport_size(viewport or original)
        await page.mouse.move(0, 0)  # away from everything that the pointer would highlight
        await self._save(page, name, parts, margin)
        if with_dark:
            await page.emulate_media(color_scheme="dark")
            await self._save(page, f"{name}-dark", parts, margin)
            await page.emulate_media(color_scheme="light")
        await page.set_viewport_size(original)

    async def _save(self, page: Page, name: str, parts: Locator | None, margin: int) -> None:
        """Save the page as it is, with fewer colors; raises RunError if the file is too large."""
        await wait_until_rendered(page, 1500)
        screenshot = await page.screenshot(animations="disabled", clip=await _bounds(parts, margin))
        file = self._folder / f"{name}.png"
        image = Image.open(BytesIO(screenshot)).convert("RGB")
        image.quantize(COLORS, dither=Image.Dither.NONE).save(file, optimize=True)
        if (size := file.stat().st_size) > MAX_SIZE:
            msg = f"The screenshot {file} has {size} bytes; the maximum is {MAX_SIZE}."
            raise RunError(msg)


async def _bounds(parts: Locator | None, margin: int) -> FloatRect | None:
    """Return the rectangle around all visible elements, with a margin; None for the whole page. Raises RunError."""
    if parts is None:
        return None
    boxes = [box for part in await parts.all() if (box := await part.bounding_box())]
    if not boxes:
        msg = f"No element for the screenshot is visible: {parts}."
        raise RunError(msg)
    left, top = (min(box[side] for box in boxes) - margin for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + margin
    bottom = max(box["y"] + box["height"] for box in boxes) + margin
    return {"x": max(0, left), "y": max(0, top), "width": right - left, "height": bottom - top}
