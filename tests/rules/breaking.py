"""Ways to break a copy of the repository."""

from collections.abc import Callable
import json
from pathlib import Path
import re
from typing import Any

from PIL import Image

from .folder import package

ROOT = Path(__file__).parents[2]

type Breakage = Callable[[Path], object]


def ours(name: str) -> str:
    """Return the path of a file of the integration."""
    return str((package(ROOT) / name).relative_to(ROOT))


def keys(file: str, *path: str, **new: Any) -> Breakage:
    """Change keys of a JSON object, below a path; None takes a key away."""

    def breakage(folder: Path) -> None:
        content = json.loads((folder / file).read_text())
        inner = content
        for key in path:
            inner = inner[key]
        inner |= new
        gone = [key for key, value in new.items() if value is None]
        [inner.pop(key) for key in gone]
        (folder / file).write_text(json.dumps(content))

    return breakage


def manifest(**new: Any) -> Breakage:
    """Change keys of the manifest, in the right order."""

    def breakage(folder: Path) -> None:
        keys(ours("manifest.json"), **new)(folder)
        content = json.loads((folder / ours("manifest.json")).read_text())
        right = sorted(content, key=lambda key: (key != "domain", key != "name", key))
        (folder / ours("manifest.json")).write_text(json.dumps({key: content[key] for key in right}))

    return breakage


def english(*path: str, **new: Any) -> Breakage:
    """Change texts of the only language there is in the copy."""
    return keys(ours("translations/en.json"), *path, **new)


def german(*path: str, **new: Any) -> Breakage:
    """Add a language that differs from English there."""

    def breakage(folder: Path) -> None:
        text = (folder / ours("translations/en.json")).read_text()
        (folder / ours("translations/de.json")).write_text(text)
        keys(ours("translations/de.json"), *path, **new)(folder)

    return breakage


def replaced(file: str, pattern: str, new: str) -> Breakage:
    """Replace what is found in a file, once."""

    def breakage(folder: Path) -> None:
        text, found = re.subn(pattern, new, (folder / file).read_text(), count=1, flags=re.MULTILINE)
        assert found, f"{file} has nothing like {pattern}"
        (folder / file).write_text(text)

    return breakage


def written(file: str, text: str) -> Breakage:
    """Write a file, with its folder."""

    def breakage(folder: Path) -> None:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text)

    return breakage


def gone(file: str) -> Breakage:
    """Take a file away."""
    return lambda folder: (folder / file).unlink()


def picture(name: str, *size: int, kind: str = "PNG") -> Breakage:
    """Replace a picture."""
    return lambda folder: Image.new("RGB", (size[0], size[-1])).save(folder / ours("brand") / name, format=kind)


def both(*breakages: Breakage) -> Breakage:
    """Break it in several ways at once."""
    return lambda folder: [breakage(folder) for breakage in breakages]


def renamed(file: str, new: str) -> Breakage:
    """Give a file of the integration another name."""
    return lambda folder: (folder / file).rename(folder / new)
