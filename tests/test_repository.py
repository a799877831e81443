"""The papers are in order: what HACS and hassfest want, and what we promise ourselves."""

from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import pairwise
import json
import os
from pathlib import Path
import re
from typing import Any

import homeassistant
from homeassistant.util.yaml import parse_yaml
from PIL import Image
import pytest

from scripts.brand import pictures

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "custom_components" / "enphase_secctrl"
MANIFEST = json.loads((PACKAGE / "manifest.json").read_text())
HACS = json.loads((ROOT / "hacs.json").read_text())
REPOSITORY = "https://github.com/enphase-secctrl/enphase-secctrl"
IGNORED = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()]


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


def _yaml(text: str) -> dict[str, Any]:
    """Return the mapping that a YAML file holds."""
    content = parse_yaml(text)
    assert isinstance(content, dict)
    return content


def _where(pattern: str) -> dict[str, list[str]]:
    """Return what is found, by file."""
    found = {name: re.findall(pattern, text) for name, text in TEXTS.items()}
    return {name: matches for name, matches in found.items() if matches}


def test_manifest() -> None:
    """The manifest has the keys that are needed, in hassfest's order, and needs nothing itself."""
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    needed = {"domain", "name", "codeowners", "config_flow", "documentation", "integration_type"}
    assert needed | {"iot_class", "issue_tracker", "version"} <= MANIFEST.keys()
    assert not {"requirements", "dependencies", "quality_scale"} & MANIFEST.keys()
    assert MANIFEST["domain"] == PACKAGE.name
    assert (MANIFEST["integration_type"], MANIFEST["iot_class"]) == ("hub", "local_polling")
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])


def test_hacs() -> None:
    """hacs.json says the name and the oldest Home Assistant, nothing else."""
    assert HACS.keys() == {"name", "homeassistant"}
    assert HACS["name"] == MANIFEST["name"]
    assert [path.name for path in PACKAGE.parent.iterdir() if (path / "manifest.json").exists()] == [PACKAGE.name]


def test_versions_are_said_once() -> None:
    """Our version stands in the manifest, the oldest Home Assistant in hacs.json."""
    for version, file in (
        (MANIFEST["version"], PACKAGE / "manifest.json"),
        (HACS["homeassistant"], ROOT / "hacs.json"),
    ):
        assert list(_where(rf"(?<![\d.]){re.escape(version)}(?![\d.])")) == [str(file.relative_to(ROOT))]


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
    """It is the MIT licence, of all who contribute."""
    first, _, holder, *_ = TEXTS["LICENSE"].splitlines()
    assert (first, holder) == ("MIT License", "Copyright (c) 2026 enphase-secctrl contributors")
    assert 'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND' in TEXTS["LICENSE"]


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
    """Each picture has its size and is what scripts/brand.py draws."""
    drawn = pictures()[name].convert("RGBA")
    height = 512 if "@2x" in name else 256
    with Image.open(PACKAGE / "brand" / name) as picture:
        assert picture.format == "PNG"
        assert picture.height == height
        assert (picture.width == height) is ("icon" in name)
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


def test_quality_scale() -> None:
    """Every rule of Home Assistant has its line; what is not done says why or what is missing."""
    core = Path(homeassistant.__file__).parent / "components" / "powerfox_local" / "quality_scale.yaml"
    rules = _yaml((PACKAGE / "quality_scale.yaml").read_text())["rules"]
    assert len(rules) == 54
    assert _yaml(core.read_text())["rules"].keys() - rules.keys() == set()
    said = {rule: {"status": line} if isinstance(line, str) else line for rule, line in rules.items()}
    assert {line["status"] for line in said.values()} <= {"done", "exempt", "todo"}
    assert [rule for rule, line in said.items() if line["status"] != "done" and not line.get("comment")] == []


@pytest.mark.parametrize("name", [name for name in TEXTS if name.startswith(".github/workflows/")])
def test_workflows(name: str) -> None:
    """A workflow may do nothing that it doesn't ask for, and what it uses is pinned to a commit."""
    workflow = _yaml(TEXTS[name])
    assert workflow["permissions"] == {}
    assert [job for job in workflow["jobs"].values() if job["permissions"] != {"contents": "read"}] == []
    uses = re.findall(r"uses: (.+)", TEXTS[name])
    assert uses
    assert [action for action in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # \S+", action)] == []


def test_texts_end_well() -> None:
    """Text files end with one line end and have none of Windows."""
    assert [name for name, text in TEXTS.items() if text and (not text.endswith("\n") or "\r\n" in text)] == []


def test_walk() -> None:
    """A walk over the repository meets its files and none of what is ignored."""
    assert {"README.md", "custom_components/enphase_secctrl/model.py", ".ci/run"} < TEXTS.keys()
    assert [name for name in TEXTS if name.startswith((".venv", ".cache", ".git/"))] == []
    assert [(left, right) for left, right in pairwise(sorted(TEXTS)) if left.lower() == right.lower()] == []
