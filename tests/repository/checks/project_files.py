"""Checks of the files around the integration: what the HACS action and GitHub require."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
import re
from typing import Any, Final

from awesomeversion import AwesomeVersion
from PIL import Image, UnidentifiedImageError

from .files import integration_folder, read_json, read_yaml

HACS_KEYS: Final = {
    *("name", "homeassistant", "hacs", "country", "content_in_root", "filename", "zip_release"),
    *("hide_default_branch", "persistent_directory", "render_readme"),
}
BRAND_IMAGES: Final = {
    f"{dark}{name}{suffix}.png" for dark in ("", "dark_") for name in ("icon", "logo") for suffix in ("", "@2x")
}
LICENSES: Final = {
    "69539425723b87be2bdbc194c23a63b78c57c7a0ea2b261b3845c396bc7bda60": "MIT",
}
"""By SHA-256 of the words of a license that the OSI has approved, without the copyright line."""

MIN_README_WORDS: Final = 200
FIELD_TYPES: Final = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def one_integration(root: Path) -> Iterator[str]:
    """There is one integration: HACS installs only one from a repository."""
    found = [path.parent.name for path in sorted((root / "custom_components").glob("*/manifest.json"))]
    if len(found) != 1:
        yield f"custom_components contains {', '.join(found)}, not one integration"


def hacs_json(root: Path) -> Iterator[str]:
    """hacs.json has a name, the oldest supported version of Home Assistant, and only keys that HACS knows."""
    if not (path := root / "hacs.json").exists():
        yield "hacs.json is missing"
        return
    content = read_json(path)
    yield from (f"hacs.json has the unknown key {key}" for key in sorted(content.keys() - HACS_KEYS))
    if not content.get("name"):
        yield "hacs.json has no name"
    if not AwesomeVersion(content.get("homeassistant")).valid:
        yield "hacs.json has no version of Home Assistant"


def brand(root: Path) -> Iterator[str]:
    """The brand images are PNG files with the names and sizes that Home Assistant supports; there is an icon."""
    folder = integration_folder(root) / "brand"
    found = {path.name for path in folder.glob("*")}
    if "icon.png" not in found:
        yield "brand/icon.png is missing"
    yield from (f"brand/{name} isn't the name of a brand image" for name in sorted(found - BRAND_IMAGES))
    for name in sorted(found & BRAND_IMAGES):
        size = 512 if "@2x" in name else 256
        try:
            with Image.open(folder / name) as image:
                image_format, shorter, longer = image.format, *sorted(image.size)
        except UnidentifiedImageError:
            image_format, shorter, longer = "not an image", 0, 0
        if image_format != "PNG":
            yield f"brand/{name} is {image_format}, not PNG"
        elif "icon" in name and (shorter, longer) != (size, size):
            yield f"brand/{name} is {shorter} x {longer}, not {size} x {size}"
        elif not size // 2 <= shorter <= size:
            yield f"the shorter side of brand/{name} is {shorter}, not {size // 2} to {size}"


def readme(root: Path) -> Iterator[str]:
    """The README begins with a heading and isn't just a stub: HACS displays it."""
    text = path.read_text() if (path := root / "README.md").exists() else ""
    if not text.startswith("# ") or len(text.split()) < MIN_README_WORDS:
        yield "README.md is missing or too short"


def license_text(root: Path) -> Iterator[str]:
    """GitHub can recognize the license: the text is the exact one of an approved license."""
    text = path.read_text() if (path := root / "LICENSE").exists() else ""
    words = re.sub(r"^copyright \(c\).*$", "", text.lower(), flags=re.MULTILINE).split()
    if sha256(" ".join(words).encode()).hexdigest() not in LICENSES:
        yield "LICENSE isn't the exact text of a license that the OSI has approved"


def issue_forms(root: Path) -> Iterator[str]:
    """GitHub can display the issue forms."""
    for path in sorted((root / ".github" / "ISSUE_TEMPLATE").glob("*.yml")):
        form = read_yaml(path)
        if path.name == "config.yml":
            unknown = form.keys() - {"blank_issues_enabled", "contact_links"}
            yield from (f"{path.name} has the unknown key {key}" for key in sorted(unknown))
        else:
            yield from (f"{path.name} {problem}" for problem in _form_problems(form))


def _form_problems(form: dict[str, Any]) -> Iterator[str]:
    yield from (f"has no {key}" for key in ("name", "description", "body") if not form.get(key))
    fields = form.get("body") or []
    yield from (f"has a field of the unknown type {one['type']}" for one in fields if one["type"] not in FIELD_TYPES)
    inputs = [one for one in fields if one["type"] != "markdown"]
    if not inputs:
        yield "has no input"
    if len({one.get("id") for one in inputs}) != len(inputs):
        yield "has inputs without a unique id"
    if not all(one.get("attributes", {}).get("label") for one in inputs):
        yield "has an input without a label"
