"""Draw the brand images of the integration: `python scripts/brand.py [folder]`.

Our own art: a battery that holds a sine wave, an arrow up and an arrow down for the bias,
and in the logo the name in letters of the same stroke. No font is used and every picture
is drawn eight times too large and averaged, so the pixels are always the same.
"""

from math import cos, pi, radians, sin
from pathlib import Path
import sys

from PIL import Image, ImageChops, ImageColor, ImageDraw

FOLDER = Path(__file__).parents[1] / "custom_components" / "enphase_secctrl" / "brand"
SCALE = 8  # drawn so many times too large
FULL = SCALE * SCALE  # the drawn pixels in one final pixel
GRID = 256  # the height of every picture, in the units of the numbers below
LOGO_WIDTH = 996  # where the last letter ends
STROKE = 24
NOTHING, INK, ACCENT = 0, 1, 2
ACCENT_COLOUR = "#12A594"
# The ink is dark for light backgrounds and light for dark ones.
INK_COLOURS = {"": "#1F3448", "dark_": "#E6EDF3"}

type Points = list[tuple[float, float]]


def arc(x: float, y: float, width: float, height: float, start: int, end: int) -> Points:
    """Return points on an ellipse of these half axes; degrees run clockwise from the right."""
    step = 1 if start < end else -1
    angles = [radians(degree) for degree in range(start, end + step, step)]
    return [(x + width * cos(angle), y + height * sin(angle)) for angle in angles]


class Canvas:
    """A picture of two colours, drawn in the grid's units."""

    def __init__(self, width: int, size: int) -> None:
        """Make an empty one, for a final height of so many pixels."""
        self.unit = size * SCALE // GRID
        self.picture = Image.new("L", (width * self.unit, GRID * self.unit), NOTHING)
        self.pen = ImageDraw.Draw(self.picture)

    def box(self, left: int, top: int, right: int, bottom: int, radius: int, colour: int) -> None:
        """Fill a rectangle with round corners."""
        edges = (left * self.unit, top * self.unit, right * self.unit - 1, bottom * self.unit - 1)
        self.pen.rounded_rectangle(edges, radius * self.unit, colour)

    def line(self, points: Points, colour: int) -> None:
        """Draw a line with round ends and joints."""
        scaled = [(x * self.unit, y * self.unit) for x, y in points]
        self.pen.line(scaled, colour, STROKE * self.unit)
        for point in scaled:
            self.pen.circle(point, STROKE * self.unit / 2, colour)

    def finish(self, ink_colour: str) -> Image.Image:
        """Return the picture in its final size, with a palette of each colour from clear to full."""
        ink, accent = (self.coverage(colour) for colour in (INK, ACCENT))
        picture = ImageChops.lighter(ink, accent.point([level and level + FULL for level in range(256)]))
        rgb_ink, rgb_accent = (ImageColor.getrgb(colour) for colour in (ink_colour, ACCENT_COLOUR))
        picture.putpalette([*rgb_ink * (FULL + 1), *rgb_accent * FULL])
        alphas = [round(255 * level / FULL) for level in range(FULL + 1)]
        picture.info["transparency"] = bytes(alphas + alphas[1:])
        return picture

    def coverage(self, colour: int) -> Image.Image:
        """Return how much of each final pixel has this colour: 0 to FULL."""
        here = self.picture.point([255 * (value == colour) for value in range(256)])
        return here.reduce(SCALE).point([round(FULL * value / 255) for value in range(256)])


def draw_icon(canvas: Canvas) -> None:
    """Draw the battery, the wave and the arrows in a square."""
    canvas.box(52, 0, 124, 60, 14, INK)  # the terminal
    canvas.box(0, 24, 176, 256, 38, INK)  # the case
    canvas.box(STROKE, 24 + STROKE, 176 - STROKE, 256 - STROKE, 16, NOTHING)
    canvas.line([(44 + 88 * step / 180, 140 - 54 * sin(2 * pi * step / 180)) for step in range(181)], ACCENT)
    for tip, tail in ((38, 118), (242, 162)):
        barb = tip + (22 if tip < tail else -22)
        canvas.line([(222, tail), (222, tip)], ACCENT)
        canvas.line([(200, barb), (222, tip), (244, barb)], ACCENT)


def draw_name(canvas: Canvas) -> None:
    """Write SecCtrl: capitals from 82 to 200, small letters from 124."""
    canvas.line(arc(352, 111.5, 40, 29.5, -30, -270) + arc(352, 170.5, 40, 29.5, -90, 150), INK)  # S
    canvas.line([(436, 162), *arc(473, 162, 37, 38, 0, -302)], INK)  # e
    canvas.line(arc(590, 162, 37, 38, -45, -315), INK)  # c
    canvas.line(arc(718, 141, 58, 59, -45, -315), ACCENT)  # C
    canvas.line([(822, 92), *arc(844, 178, 22, 22, 180, 80)], ACCENT)  # t
    canvas.line([(802, 124), (848, 124)], ACCENT)
    canvas.line([(894, 124), (894, 200)], ACCENT)  # r
    canvas.line(arc(926, 156, 32, 32, 180, 300), ACCENT)
    canvas.line([(984, 82), (984, 200)], ACCENT)  # l


def draw(name: str, size: int, ink_colour: str) -> Image.Image:
    """Return the icon or the logo, `size` pixels high."""
    canvas = Canvas(GRID if name == "icon" else LOGO_WIDTH, size)
    draw_icon(canvas)
    if name == "logo":
        draw_name(canvas)
    return canvas.finish(ink_colour)


def pictures() -> dict[str, Image.Image]:
    """Return all pictures by their file names."""
    return {
        f"{dark}{name}{suffix}.png": draw(name, size, colour)
        for dark, colour in INK_COLOURS.items()
        for name in ("icon", "logo")
        for suffix, size in (("", GRID), ("@2x", 2 * GRID))
    }


def main(folder: Path = FOLDER) -> None:
    """Write all files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures().items():
        picture.save(folder / name, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
