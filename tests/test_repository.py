"""The papers are in order: what we promise ourselves. What HACS and hassfest want is in test_rules.py."""

from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import pairwise
import json
import os
from pathlib import Path
import re

from PIL import Image
import pytest

from scripts.brand import pictures
from scripts.commands import IGNORED
from tests.rules.folder import read_yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "custom_components" / "enphase_secctrl"
MANIFEST = json.loads((PACKAGE / "manifest.json").read_text())
HACS = json.loads((ROOT / "hacs.json").read_text())
REPOSITORY = "https://github.com/enphase-secctrl/enphase-secctrl"


def _kept(folder: Path) -> Iterator[Path]:
    """Yield the files that belong to the repository."""
    for path in sorted(folder.iterdir()):
        if path.name == ".git" or any(fnmatch(path.name, pattern) for pattern in IGNORED):
            continue
        if path.is_dir():
            yield from _kept(path)
        else:
            yield path


TEXTS = {
    str(path.relative_to(ROOT)): content.decode() for path in _kept(ROOT) if b"\0" not in (content := path.read_bytes())
}

BLUEPRINTS = [name for name in TEXTS if name.startswith("docs/blueprints/")]


def _where(pattern: str) -> dict[str, list[str]]:
    """Return what is found, by file."""
    found = {name: re.findall(pattern, text) for name, text in TEXTS.items()}
    return {name: matches for name, matches in found.items() if matches}


def test_manifest() -> None:
    """It polls one gateway, locally, and needs nothing that Home Assistant does not bring."""
    assert not {"requirements", "dependencies"} & MANIFEST.keys()
    assert (MANIFEST["integration_type"], MANIFEST["iot_class"]) == ("hub", "local_polling")


def test_hacs() -> None:
    """hacs.json says the name and the oldest Home Assistant, nothing else."""
    assert HACS.keys() == {"name", "homeassistant"}
    assert HACS["name"] == MANIFEST["name"]


def test_versions_are_said_once() -> None:
    """Our version stands in the manifest, the oldest Home Assistant in hacs.json and, as it must, in each blueprint."""
    for version, file in (
        (MANIFEST["version"], PACKAGE / "manifest.json"),
        (HACS["homeassistant"], ROOT / "hacs.json"),
    ):
        found = _where(rf"(?<![\d.]){re.escape(version)}(?![\d.])")
        assert [name for name in found if name not in BLUEPRINTS] == [str(file.relative_to(ROOT))]
    needed = {read_yaml(ROOT / name)["blueprint"]["homeassistant"]["min_version"] for name in BLUEPRINTS}
    assert needed == {HACS["homeassistant"]}


def test_address() -> None:
    """The repository has one address."""
    assert MANIFEST["documentation"] == REPOSITORY
    assert MANIFEST["issue_tracker"] == f"{REPOSITORY}/issues"
    owner = REPOSITORY.split("/")[3]
    assert MANIFEST["codeowners"] == [f"@{owner}"]
    found = _where(r"github\.com/([\w-]*secctrl[\w-]*/[\w-]+|[\w-]+/[\w-]*secctrl[\w-]*)")
    assert {"README.md", "docs/security.md"} < found.keys()
    assert {address for addresses in found.values() for address in addresses} == {"/".join(REPOSITORY.split("/")[3:])}
    (link,) = re.findall(r"hacs_repository/\?owner=([\w-]+)&repository=([\w-]+)", TEXTS["README.md"])
    assert REPOSITORY.endswith("/".join(link))


def test_licence() -> None:
    """The copyright is of all who contribute."""
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
def test_of_no_machine(pattern: str) -> None:
    """No file knows a folder of somebody's machine, or where packages are fetched from."""
    assert _where(pattern) == {}


@pytest.mark.parametrize("name", sorted(pictures()))
def test_brand(name: str) -> None:
    """Each picture is what scripts/brand.py draws."""
    drawn = pictures()[name].convert("RGBA")
    with Image.open(PACKAGE / "brand" / name) as picture:
        assert (picture.size, picture.convert("RGBA").tobytes()) == (drawn.size, drawn.tobytes())


def test_brand_has_nothing_else() -> None:
    """All pictures are drawn."""
    assert {path.name for path in (PACKAGE / "brand").iterdir()} == {*pictures()}


def test_scripts_are_programs() -> None:
    """What has no ending can be called by its name."""
    programs = [ROOT / name for name in TEXTS if name.startswith((".ci/", "scripts/")) and "." not in Path(name).name]
    assert ROOT / "scripts" / "test" in programs
    assert [path for path in programs if not os.access(path, os.X_OK)] == []
    assert [path for path in programs if not path.read_text().startswith("#!/usr/bin/env bash\n")] == []


def test_named_scripts_exist() -> None:
    """A script that a page or a workflow names is there, and the README shows the two that matter."""
    pages = {name: text for name, text in TEXTS.items() if name.endswith((".md", ".yaml", ".yml"))}
    named = {script for text in pages.values() for script in re.findall(r"(?:scripts|\.ci)/[\w.]*\w", text)}
    assert {"scripts/demo", "scripts/test", ".ci/run"} <= named
    assert [script for script in sorted(named) if not (ROOT / script).is_file()] == []
    blocks = re.findall(r"^```sh\n(.*?)```", TEXTS["README.md"], re.MULTILINE | re.DOTALL)
    assert blocks == ["scripts/demo\n", "scripts/test\n"]


def test_texts_end_well() -> None:
    """Text files end with one line end and have none of Windows."""
    assert [name for name, text in TEXTS.items() if text and (not text.endswith("\n") or "\r\n" in text)] == []


def test_walk() -> None:
    """A walk over the repository meets its files and none of what is ignored."""
    assert {"README.md", "custom_components/enphase_secctrl/model.py", ".ci/run"} < TEXTS.keys()
    assert [name for name in TEXTS if name.startswith((".venv", ".cache", ".git/"))] == []
    assert [(left, right) for left, right in pairwise(sorted(TEXTS)) if left.lower() == right.lower()] == []
