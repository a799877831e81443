"""Find and read the files of a repository."""

import json
from pathlib import Path
from typing import Any, Final

from homeassistant.util.yaml import parse_yaml

ROOT: Final = Path(__file__).parents[3]
"""The root folder of this repository."""


def integration_folder(root: Path) -> Path:
    """Return the folder of the integration."""
    return next(path.parent for path in sorted((root / "custom_components").glob("*/manifest.json")))


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file."""
    content = json.loads(path.read_text())
    assert isinstance(content, dict)
    return content


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file."""
    content = parse_yaml(path.read_text())
    assert isinstance(content, dict)
    return {"on" if key is True else key: value for key, value in content.items()}  # YAML 1.1 reads "on" as true


def read_manifest(root: Path) -> dict[str, Any]:
    """Return the manifest of the integration."""
    return read_json(integration_folder(root) / "manifest.json")
