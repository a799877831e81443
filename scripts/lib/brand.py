"""Draw the brand images of the integration: .venv/bin/python -m scripts.lib.brand [FOLDER].

The icon is a battery that contains a sine wave, with an arrow up and an arrow down for the bias. The logo adds the name
in letters of the same stroke. No font is used, and each image is drawn eight times larger and scaled down, so the
pixels are the same on every machine.
"""

from math import cos, pi, radians, sin
from pathlib import Path
import sys

from PIL import Image, ImageChops, ImageColor, ImageDraw

FOLDER = Path(__file__).parents[2] / "custom_components" / "enphase_secctrl" / "brand"
SCALE = 8  # how many times larger the images are drawn
FULL = SCALE * SCALE  # drawn pixels per final pixel
GRID = 256  # height of every image, in the units of all coordinates below
LOGO_WIDTH = 996  # in the same units
STROKE = 24
TRANSPARENT, INK, ACCENT = 0, 1, 2
ACCENT_COLOR = "#12A594"
# The ink is dark for light backgrounds and light for dark ones.
INK_COLORS = {"": "#1F3448", "dark_": "#E6EDF3"}

type Points = list[tuple[float, float]]


def arc(x: float, y: float, width: float, height: float, start: int, end: int) -> Points:
    """Return points on an ellipse with these half axes. Angles are in degrees, clockwise from the right."""
    step = 1 if start < end else -1
    angles = [radians(degree) for degree in range(start, end + step, step)]
    return [(x + width * cos(angle), y + height * sin(angle)) for angle in angles]


class Canvas:
    """An image in two colors. All coordinates are in units of GRID."""

    def __init__(self, width: int, size: int) -> None:
        """Create an empty canvas for an image that is `size` pixels high."""
        self.unit = size * SCALE // GRID
        self.image = Image.new("L", (width * self.unit, GRID * self.unit), TRANSPARENT)
        self.pen = ImageDraw.Draw(self.image)

    def box(self, left: int, top: int, right: int, bottom: int, radius: int, color: int) -> None:
        """Fill a rectangle with rounded corners."""
        edges = (left * self.unit, top * self.unit, right * self.unit - 1, bottom * self.unit - 1)
        self.pen.rounded_rectangle(edges, radius * self.unit, color)

    def line(self, points: Points, color: int) -> None:
        """Draw a line with rounded ends and joints."""
        scaled = [(x * self.unit, y * self.unit) for x, y in points]
        self.pen.line(scaled, color, STROKE * self.unit)
        for point in scaled:
            self.pen.circle(point, STROKE * self.unit / 2, color)

    def finish(self, ink_color: str) -> Image.Image:
        """Return the image in its final size. Its palette contains each color in all opacities."""
        ink, accent = (self.coverage(color) for color in (INK, ACCENT))
        image = ImageChops.lighter(ink, accent.point([level and level + FULL for level in range(256)]))
        rgb_ink, rgb_accent = (ImageColor.getrgb(color) for color in (ink_color, ACCENT_COLOR))
        image.putpalette([*rgb_ink * (FULL + 1), *rgb_accent * FULL])
        alphas = [round(255 * level / FULL) for level in range(FULL + 1)]
        image.info["transparency"] = bytes(alphas + alphas[1:])
        return image

    def coverage(self, color: int) -> Image.Image:
        """Return for each final pixel how many of its drawn pixels have this color: 0 to FULL."""
        mask = self.image.point([255 * (value == color) for value in range(256)])
        return mask.reduce(SCALE).point([round(FULL * value / 255) for value in range(256)])


def draw_icon(canvas: Canvas) -> None:
    """Draw the battery, the wave, and the arrows into a square."""
    canvas.box(52, 0, 124, 60, 14, INK)  # the terminal
    canvas.box(0, 24, 176, 256, 38, INK)  # the case
    canvas.box(STROKE, 24 + STROKE, 176 - STROKE, 256 - STROKE, 16, TRANSPARENT)
    canvas.line([(44 + 88 * step / 180, 140 - 54 * sin(2 * pi * step / 180)) for step in range(181)], ACCENT)
    for tip, tail in ((38, 118), (242, 162)):
        barb = tip + (22 if tip < tail else -22)
        canvas.line([(222, tail), (222, tip)], ACCENT)
        canvas.line([(200, barb), (222, tip), (244, barb)], ACCENT)


def draw_name(canvas: Canvas) -> None:
    """Draw the letters of "SecCtrl": uppercase from 82 to 200, lowercase from 124."""
    canvas.line(arc(352, 111.5, 40, 29.5, -30, -270) + arc(352, 170.5, 40, 29.5, -90, 150), INK)  # S
    canvas.line([(436, 162), *arc(473, 162, 37, 38, 0, -302)], INK)  # e
    canvas.line(arc(590, 162, 37, 38, -45, -315), INK)  # c
    canvas.line(arc(718, 141, 58, 59, -45, -315), ACCENT)  # C
    canvas.line([(822, 92), *arc(844, 178, 22, 22, 180, 80)], ACCENT)  # t
    canvas.line([(802, 124), (848, 124)], ACCENT)
    canvas.line([(894, 124), (894, 200)], ACCENT)  # r
    canvas.line(arc(926, 156, 32, 32, 180, 300), ACCENT)
    canvas.line([(984, 82), (984, 200)], ACCENT)  # l


def draw(name: str, size: int, ink_color: str) -> Image.Image:
    """Return the icon or the logo, `size` pixels high."""
    canvas = Canvas(GRID if name == "icon" else LOGO_WIDTH, size)
    draw_icon(canvas)
    if name == "logo":
        draw_name(canvas)
    return canvas.finish(ink_color)


def draw_images() -> dict[str, Image.Image]:
    """Return all images by file name."""
    return {
        f"{dark}{name}{suffix}.png": draw(name, size, color)
        for dark, color in INK_COLORS.items()
        for name in ("icon", "logo")
        for suffix, size in (("", GRID), ("@2x", 2 * GRID))
    }


def main(folder: Path = FOLDER) -> None:
    """Write all images to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in draw_images().items():
        image.save(folder / name, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
