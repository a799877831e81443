"""Rules of this project for its files. The rules of hassfest and HACS are in `checks`."""

from collections.abc import Iterator
from fnmatch import fnmatch
import os
from pathlib import Path
import re
from typing import Final

from PIL import Image
import pytest

from scripts.lib.brand import draw_images
from scripts.lib.docs_commands import GITIGNORE

from .checks.files import ROOT, integration_folder, read_json, read_manifest, read_yaml

BRAND: Final = integration_folder(ROOT) / "brand"
MANIFEST: Final = read_manifest(ROOT)
HACS: Final = read_json(ROOT / "hacs.json")
REPOSITORY: Final = "https://github.com/enphase-secctrl/enphase-secctrl"


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that .gitignore doesn't exclude."""
    for path in sorted(folder.iterdir()):
        if path.name == ".git" or any(fnmatch(path.name, pattern) for pattern in GITIGNORE):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


TEXTS: Final = {
    str(path.relative_to(ROOT)): content.decode()
    for path in _files(ROOT)
    if b"\0" not in (content := path.read_bytes())
}
"""The text files, by path."""

BLUEPRINTS: Final = [name for name in TEXTS if name.startswith("docs/blueprints/")]


def _search(pattern: str) -> dict[str, list[str]]:
    """Return the matches in each file that has some."""
    matches = {name: re.findall(pattern, text) for name, text in TEXTS.items()}
    return {name: found for name, found in matches.items() if found}


def test_manifest() -> None:
    """The integration polls one gateway locally, and has no requirements and dependencies."""
    assert not {"requirements", "dependencies"} & MANIFEST.keys()
    assert (MANIFEST["integration_type"], MANIFEST["iot_class"]) == ("device", "local_polling")
    assert (MANIFEST["categories"], MANIFEST["connectivity"]) == (["energy.solar_batteries"], ["network"])


def test_hacs() -> None:
    """hacs.json contains the name in the manifest and the oldest supported Home Assistant, and nothing else."""
    assert HACS.keys() == {"name", "homeassistant"}
    assert HACS["name"] == MANIFEST["name"]


def test_versions() -> None:
    """The version is only in the manifest, and the oldest Home Assistant only in hacs.json and the blueprints."""
    for version, file in (
        (MANIFEST["version"], integration_folder(ROOT) / "manifest.json"),
        (HACS["homeassistant"], ROOT / "hacs.json"),
    ):
        found = _search(rf"(?<![\d.]){re.escape(version)}(?![\d.])")
        assert [name for name in found if name not in BLUEPRINTS] == [str(file.relative_to(ROOT))]
    required = {read_yaml(ROOT / name)["blueprint"]["homeassistant"]["min_version"] for name in BLUEPRINTS}
    assert required == {HACS["homeassistant"]}


def test_repository_url() -> None:
    """All files use the same URL of the repository; its owner is the code owner."""
    assert MANIFEST["documentation"] == REPOSITORY
    assert MANIFEST["issue_tracker"] == f"{REPOSITORY}/issues"
    owner = REPOSITORY.split("/")[3]
    assert MANIFEST["codeowners"] == [f"@{owner}"]
    found = _search(r"github\.com/([\w-]*secctrl[\w-]*/[\w-]+|[\w-]+/[\w-]*secctrl[\w-]*)")
    assert {"README.md", "docs/security.md"} < found.keys()
    assert {name for names in found.values() for name in names} == {"/".join(REPOSITORY.split("/")[3:])}
    (link,) = re.findall(r"hacs_repository/\?owner=([\w-]+)&repository=([\w-]+)", TEXTS["README.md"])
    assert REPOSITORY.endswith("/".join(link))


def test_copyright() -> None:
    """The copyright belongs to all contributors."""
    assert TEXTS["LICENSE"].splitlines()[2] == "Copyright (c) 2026 enphase-secctrl contributors"


@pytest.mark.parametrize(
    "pattern",
    [
        r"/(?:work|root|home)/",
        r"[A-Z]:\\\\?Users",
        r"pypi\.(?:org|python)|pythonhosted\.|debian\.org|ubuntu\.com|npmjs\.|yarnpkg\.|proxy\.golang|crates\.io|conda\.io",
        r"(?:extra-)?index[-_]url|find[-_]links|(?:PIP|UV)_(?:EXTRA_)?INDEX",
    ],
)
def test_no_local_settings(pattern: str) -> None:
    """No file contains a folder of a developer's machine, or the URL of a package index."""
    assert _search(pattern) == {}


def test_brand() -> None:
    """The brand images are those that scripts/lib/brand.py draws."""
    drawn = draw_images()
    assert {path.name for path in BRAND.iterdir()} == drawn.keys()
    for name, image in drawn.items():
        with Image.open(BRAND / name) as committed:
            assert committed.size == image.size, name
            assert committed.convert("RGBA").tobytes() == image.convert("RGBA").tobytes(), name


def test_scripts_are_executable() -> None:
    """Scripts without a suffix are executable Bash scripts."""
    scripts = [ROOT / name for name in TEXTS if name.startswith((".ci/", "scripts/")) and "." not in Path(name).name]
    assert ROOT / "scripts" / "test" in scripts
    assert [path for path in scripts if not os.access(path, os.X_OK)] == []
    assert [path for path in scripts if not path.read_text().startswith("#!/usr/bin/env bash\n")] == []


def test_named_scripts_exist() -> None:
    """Every script that a page or a workflow names exists, and the pages name the important ones."""
    pages = [text for name, text in TEXTS.items() if name.endswith((".md", ".yaml", ".yml"))]
    named = {script for text in pages for script in re.findall(r"\b(?:scripts|\.ci)/[\w./]*\w", text)}
    assert {"scripts/demo", "scripts/test"} <= named
    assert [script for script in sorted(named) if not (ROOT / script).exists()] == []


def test_line_endings() -> None:
    """Text files end with a newline, and have no Windows line endings."""
    assert [name for name, text in TEXTS.items() if text and (not text.endswith("\n") or "\r\n" in text)] == []


def test_no_paths_that_differ_in_case() -> None:
    """No two paths differ only in case: Windows and macOS couldn't check them out."""
    assert len({name.lower() for name in TEXTS}) == len(TEXTS)
