"""Edits of the files in a copy of the repository, for the tests of the checks."""

from collections.abc import Callable
import json
from pathlib import Path
import re
from typing import Any

from PIL import Image

from .checks.files import ROOT, integration_folder

type Edit = Callable[[Path], object]
"""Edits the copy in this folder."""


def integration_file(name: str) -> str:
    """Return the path of a file of the integration, relative to the root folder."""
    return str((integration_folder(ROOT) / name).relative_to(ROOT))


def edit_json(file: str, *path: str, **values: Any) -> Edit:
    """Set keys of the object at this path in a JSON file; None removes a key."""

    def edit(root: Path) -> None:
        content = json.loads((root / file).read_text())
        target = content
        for key in path:
            target = target[key]
        target |= values
        for key in [key for key, value in values.items() if value is None]:
            del target[key]
        (root / file).write_text(json.dumps(content))

    return edit


def edit_manifest(**values: Any) -> Edit:
    """Set keys of the manifest and keep them in order; None removes a key."""
    file = integration_file("manifest.json")

    def sort_keys(root: Path) -> None:
        content = json.loads((root / file).read_text())
        ordered = sorted(content, key=lambda key: (key != "domain", key != "name", key))
        (root / file).write_text(json.dumps({key: content[key] for key in ordered}))

    return combine(edit_json(file, **values), sort_keys)


def edit_english(*path: str, **texts: Any) -> Edit:
    """Set English texts; None removes a text."""
    return edit_json(integration_file("translations/en.json"), *path, **texts)


def edit_german(*path: str, **texts: Any) -> Edit:
    """Replace German with a copy of English, and set texts of it; None removes a text."""
    english, german = (integration_file(f"translations/{language}.json") for language in ("en", "de"))

    def copy_english(root: Path) -> None:
        (root / german).write_text((root / english).read_text())

    return combine(copy_english, edit_json(german, *path, **texts))


def replace_text(file: str, pattern: str, replacement: str) -> Edit:
    """Replace the first match of a regular expression in a file."""

    def edit(root: Path) -> None:
        text, number = re.subn(pattern, replacement, (root / file).read_text(), count=1, flags=re.MULTILINE)
        assert number, f"{file} doesn't contain {pattern}"
        (root / file).write_text(text)

    return edit


def write_file(file: str, text: str) -> Edit:
    """Write a file, and create its folder."""

    def edit(root: Path) -> None:
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text)

    return edit


def delete_file(file: str) -> Edit:
    """Delete a file."""
    return lambda root: (root / file).unlink()


def rename_file(file: str, new: str) -> Edit:
    """Rename a file."""
    return lambda root: (root / file).rename(root / new)


def write_image(name: str, width: int, height: int, image_format: str = "PNG") -> Edit:
    """Replace a brand image with a black one."""
    file = integration_file(f"brand/{name}")
    return lambda root: Image.new("RGB", (width, height)).save(root / file, format=image_format)


def combine(*edits: Edit) -> Edit:
    """Make several edits."""
    return lambda root: [edit(root) for edit in edits]
