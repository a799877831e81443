"""The papers around an integration: what the HACS action and GitHub want to find."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
import re
from typing import Final

from awesomeversion import AwesomeVersion
from PIL import Image, UnidentifiedImageError

from .folder import package, read_json, read_yaml

HACS_KEYS: Final = {
    *("name", "homeassistant", "hacs", "country", "content_in_root", "filename", "zip_release"),
    *("hide_default_branch", "persistent_directory", "render_readme"),
}
PICTURES: Final = {
    f"{dark}{kind}{double}.png" for dark in ("", "dark_") for kind in ("icon", "logo") for double in ("", "@2x")
}
LICENCES: Final = {
    "69539425723b87be2bdbc194c23a63b78c57c7a0ea2b261b3845c396bc7bda60": "MIT",
}
"""SHA-256 of the words of a licence of the OSI, without who holds the copyright."""

STUB: Final = 200
"""Words: a README with fewer explains nothing."""

FIELDS: Final = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def one_integration(folder: Path) -> Iterator[str]:
    """HACS takes one integration from a repository."""
    found = [path.parent.name for path in sorted((folder / "custom_components").glob("*/manifest.json"))]
    if len(found) != 1:
        yield f"custom_components holds {', '.join(found)}, not one integration"


def hacs(folder: Path) -> Iterator[str]:
    """hacs.json has keys that HACS knows: the name, and the oldest Home Assistant."""
    if not (path := folder / "hacs.json").exists():
        yield "hacs.json is missing"
        return
    content = read_json(path)
    yield from (f"hacs.json has the unknown key {key}" for key in content.keys() - HACS_KEYS)
    if not content.get("name"):
        yield "hacs.json has no name"
    if not AwesomeVersion(content.get("homeassistant")).valid:
        yield "hacs.json says no version of Home Assistant"


def brand(folder: Path) -> Iterator[str]:
    """Pictures by the names that Home Assistant serves, PNG, in the sizes it shows; an icon at least."""
    pictures = package(folder) / "brand"
    found = {path.name for path in pictures.glob("*")}
    if "icon.png" not in found:
        yield "brand/icon.png is missing"
    yield from (f"brand/{name} is shown nowhere" for name in sorted(found - PICTURES))
    for name in sorted(found & PICTURES):
        largest = 512 if "@2x" in name else 256
        try:
            with Image.open(pictures / name) as picture:
                kind, shorter, longer = picture.format, *sorted(picture.size)
        except UnidentifiedImageError:
            kind, shorter, longer = "no picture", 0, 0
        if kind != "PNG":
            yield f"brand/{name} is {kind}, not PNG"
        elif "icon" in name and (shorter, longer) != (largest, largest):
            yield f"brand/{name} is {shorter} x {longer}, not {largest} x {largest}"
        elif not largest // 2 <= shorter <= largest:
            yield f"brand/{name} is {shorter} at its shorter side, not {largest // 2} to {largest}"


def readme(folder: Path) -> Iterator[str]:
    """HACS shows the README, so there is something in it."""
    text = path.read_text() if (path := folder / "README.md").exists() else ""
    if not text.startswith("# ") or len(text.split()) < STUB:
        yield "README.md is missing, or a stub"


def licence(folder: Path) -> Iterator[str]:
    """GitHub must recognise the licence, so it is one of the OSI's word for word."""
    text = path.read_text() if (path := folder / "LICENSE").exists() else ""
    words = re.sub(r"^copyright \(c\).*$", "", text.lower(), flags=re.MULTILINE).split()
    if sha256(" ".join(words).encode()).hexdigest() not in LICENCES:
        yield "LICENSE is none that the OSI has approved, word for word"


def issue_forms(folder: Path) -> Iterator[str]:
    """Forms that GitHub shows: named, described, with something to fill in."""
    for path in sorted((folder / ".github" / "ISSUE_TEMPLATE").glob("*.yml")):
        form = read_yaml(path)
        if path.name == "config.yml":
            unknown = form.keys() - {"blank_issues_enabled", "contact_links"}
            yield from (f"{path.name} has the unknown key {key}" for key in sorted(unknown))
            continue
        yield from (f"{path.name} has no {key}" for key in ("name", "description", "body") if not form.get(key))
        fields = form.get("body") or []
        yield from (
            f"{path.name} has a field of the unknown type {one['type']}" for one in fields if one["type"] not in FIELDS
        )
        asked = [one for one in fields if one["type"] != "markdown"]
        if len({one.get("id") for one in asked}) != len(asked) or not asked:
            yield f"{path.name} has fields without an id of their own, or none"
        if not all(one.get("attributes", {}).get("label") for one in asked):
            yield f"{path.name} has a field without a label"
