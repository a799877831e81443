"""The release script writes a reproducible zip with exactly the integration, if the tag matches the version."""

import json
import os
from pathlib import Path
from shutil import copytree, ignore_patterns
import subprocess
import sys
from zipfile import ZipFile

import pytest

from scripts.lib import release

from .checks.files import read_manifest, read_yaml

VERSION = read_manifest(release.ROOT)["version"]
IMPORT_ALL = """
import importlib, pathlib
for path in sorted(pathlib.Path("custom_components/enphase_secctrl").rglob("*.py")):
    module = importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    assert pathlib.Path(module.__file__) == path.resolve(), module.__file__
    print(path)
"""
"""Imports all modules from the working directory, and prints their paths."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the repository that contains only the integration."""
    copytree(release.ROOT / release.PACKAGE, tmp_path / release.PACKAGE, ignore=ignore_patterns("__pycache__"))
    return tmp_path


def create_zip(root: Path) -> Path:
    """Create the zip and return its path."""
    assert release.main([VERSION], root) == 0
    return root / "dist" / "enphase_secctrl.zip"


@pytest.mark.parametrize("tag", [[VERSION], [f"v{VERSION}"], []], ids=str)
def test_tag(root: Path, tag: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The tag is the manifest's version, with or without a leading v; it can be omitted."""
    assert release.main(tag, root) == 0
    assert capsys.readouterr().out == f"release: version {VERSION} is in dist/enphase_secctrl.zip\n"


@pytest.mark.parametrize("tag", ["9.9.9", "main", f"{VERSION}-beta", f"vv{VERSION}", f"$({VERSION})", ""])
def test_wrong_tag(root: Path, tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A different tag is rejected, and nothing is written."""
    assert release.main([tag], root) == 1
    assert f"the tag is {tag}, but the manifest's version is {VERSION}" in capsys.readouterr().err
    assert not (root / "dist").exists()


def test_invalid_version(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that HACS can't compare is rejected."""
    manifest = root / release.PACKAGE / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": "1.0b1"}))
    assert release.main(["1.0b1"], root) == 1
    assert "must have the form 1.2.3" in capsys.readouterr().err


def test_unexpected_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that doesn't belong to the integration is rejected."""
    (root / release.PACKAGE / "brand" / ".DS_Store").write_bytes(b"")
    assert release.main([VERSION], root) == 1
    assert "custom_components/enphase_secctrl/brand/.DS_Store" in capsys.readouterr().err


def test_reproducible(root: Path) -> None:
    """The zip depends only on the content of the files, not on their times and modes, or on caches."""
    first = create_zip(root).read_bytes()
    os.utime(root / release.PACKAGE / "const.py", (0, 0))
    (root / release.PACKAGE / "const.py").chmod(0o755)
    (root / release.PACKAGE / "__pycache__").mkdir()
    (root / release.PACKAGE / "__pycache__" / "const.pyc").write_bytes(b"old")
    assert create_zip(root).read_bytes() == first
    (root / release.PACKAGE / "const.py").write_text("# different\n")
    assert create_zip(root).read_bytes() != first


def test_content(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The extracted zip has all files of the integration, and all modules can be imported."""
    config = tmp_path_factory.mktemp("config")
    with ZipFile(create_zip(root)) as archive:
        assert archive.testzip() is None
        archive.extractall(config)
    expected = {path.relative_to(root): path.read_bytes() for path in (root / release.PACKAGE).rglob("*.*")}
    found = {path.relative_to(config): path.read_bytes() for path in config.rglob("*") if path.is_file()}
    assert found == expected
    assert {release.PACKAGE / name for name in ("manifest.json", "icons.json", "translations/en.json")} < found.keys()
    command = [sys.executable, "-c", IMPORT_ALL]
    result = subprocess.run(command, cwd=config, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert result.returncode == 0, result.stderr
    assert {*result.stdout.split()} == {str(path) for path in found if path.suffix == ".py"}


def test_script() -> None:
    """scripts/release exits with an error if the tag is wrong."""
    command = [str(release.ROOT / "scripts" / "release"), "0.0.0"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("release: the tag is 0.0.0")


def test_workflow() -> None:
    """The workflow checks and tests a published release, and then a separate job attaches the zip."""
    workflow = read_yaml(release.ROOT / ".github" / "workflows" / "release.yaml")
    assert workflow["on"] == {"release": {"types": ["published"]}}
    runs = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in workflow["jobs"].items()}
    assert runs == {
        "test": ['scripts/release "$TAG"', "scripts/test"],
        "attach": ['scripts/release "$TAG"', 'gh release upload "$TAG" dist/enphase_secctrl.zip'],
    }
    assert workflow["jobs"]["attach"]["needs"] == "test"
    assert {job["env"]["TAG"] for job in workflow["jobs"].values()} == {"${{ github.event.release.tag_name }}"}
