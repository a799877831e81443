"""What Home Assistant shows in a language, from our own translations: a text that changes changes here too."""

import json
import re
from typing import Final

from scripts.hass import DOMAIN, ROOT, Json

FOLDER: Final = ROOT / "custom_components" / DOMAIN / "translations"


def word(path: str, language: str = "en", **placeholders: str) -> str:
    """Return the text at a path of keys with dots; English where the language has no file."""
    file = FOLDER / f"{language}.json"
    found: Json = json.loads((file if file.exists() else FOLDER / "en.json").read_text())
    for key in path.split("."):
        if not isinstance(found, dict):
            raise KeyError(path)
        found = found[key]
    return re.sub(r"\{(\w+)\}", lambda match: placeholders[match[1]], str(found))


def error(key: str, **placeholders: str) -> str:
    """Return what a form of the set-up says about a failure."""
    return word(f"config.error.{key}", **placeholders)


def logged(key: str) -> str:
    """Return what Home Assistant logs, once, when a failure begins."""
    return word(f"exceptions.{key}.message").rstrip(".")
