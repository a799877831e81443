"""Where things are in a repository, and how its files are read."""

import json
from pathlib import Path
from typing import Any

from homeassistant.util.yaml import parse_yaml


def package(folder: Path) -> Path:
    """Return the folder of the integration."""
    return next(path.parent for path in sorted((folder / "custom_components").glob("*/manifest.json")))


def read_json(path: Path) -> dict[str, Any]:
    """Return the object that a JSON file holds."""
    content = json.loads(path.read_text())
    assert isinstance(content, dict)
    return content


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds."""
    content = parse_yaml(path.read_text())
    assert isinstance(content, dict)
    return {"on" if key is True else key: inner for key, inner in content.items()}  # YAML 1.1 takes "on" for true


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the integration's manifest."""
    return read_json(package(folder) / "manifest.json")
