"""The texts that Home Assistant shows and logs, read from the translation files of the integration."""

import json
import re
from typing import Final

from scripts.lib.home_assistant import DOMAIN, Json
from scripts.lib.process import ROOT

FOLDER: Final = ROOT / "custom_components" / DOMAIN / "translations"


def translation(path: str, language: str = "en", **placeholders: str) -> str:
    """Return the text at a path of keys separated by dots, without Markdown; English if the language has no file."""
    file = FOLDER / f"{language}.json"
    node: Json = json.loads((file if file.exists() else FOLDER / "en.json").read_text())
    for key in path.split("."):
        if not isinstance(node, dict):
            raise KeyError(path)
        node = node[key]
    return re.sub(r"\{(\w+)\}", lambda match: placeholders[match[1]], str(node).replace("**", ""))


def form_error(key: str, **placeholders: str) -> str:
    """Return the text of an error in a form of the config flow."""
    return translation(f"config.error.{key}", **placeholders)


def logged_error(key: str) -> str:
    """Return the text that Home Assistant logs, once, when an error first occurs."""
    return translation(f"exceptions.{key}.message").rstrip(".")
