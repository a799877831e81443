"""A release is what its tag says: one zip of the integration, complete, with nothing else in it, always the same."""

import json
import os
from pathlib import Path
from shutil import copytree, ignore_patterns
import subprocess
import sys
from zipfile import ZipFile

import pytest

from scripts import release

from .rules.folder import read_manifest, read_yaml

VERSION = read_manifest(release.ROOT)["version"]
IMPORT_ALL = """
import importlib, pathlib
for path in sorted(pathlib.Path("custom_components/enphase_secctrl").glob("*.py")):
    module = importlib.import_module(f"custom_components.enphase_secctrl.{path.stem}".removesuffix(".__init__"))
    assert pathlib.Path(module.__file__) == path.resolve(), module.__file__
    print(path.stem)
"""


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Nothing here needs a Home Assistant."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with nothing but the integration."""
    copytree(release.ROOT / release.PACKAGE, tmp_path / release.PACKAGE, ignore=ignore_patterns("__pycache__"))
    return tmp_path


def packed(root: Path) -> Path:
    """Return the zip of a release that works."""
    assert release.main([VERSION], root) == 0
    return root / "dist" / "enphase_secctrl.zip"


@pytest.mark.parametrize("tag", [[VERSION], [f"v{VERSION}"], []], ids=str)
def test_tag(root: Path, tag: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The tag is the manifest's version, with or without a v; without a tag the version is said."""
    assert release.main(tag, root) == 0
    assert capsys.readouterr().out == f"release: {VERSION} is in dist/enphase_secctrl.zip\n"


@pytest.mark.parametrize("tag", ["9.9.9", "main", f"{VERSION}-beta", f"vv{VERSION}", f"$({VERSION})", ""])
def test_other_tag(root: Path, tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Any other tag is refused, with what to do, and nothing is written."""
    assert release.main([tag], root) == 1
    assert f"the tag is {tag}, but the manifest's version is {VERSION}" in capsys.readouterr().err
    assert not (root / "dist").exists()


def test_version(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that HACS could not compare is refused."""
    manifest = root / release.PACKAGE / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": "1.0b1"}))
    assert release.main(["1.0b1"], root) == 1
    assert "not like 1.2.3" in capsys.readouterr().err


def test_stranger(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What does not belong to the integration stops the release."""
    (root / release.PACKAGE / "brand" / ".DS_Store").write_bytes(b"")
    assert release.main([VERSION], root) == 1
    assert "custom_components/enphase_secctrl/brand/.DS_Store" in capsys.readouterr().err


def test_same_bytes(root: Path) -> None:
    """Other times, rights and leftovers make no other zip; another file does."""
    first = packed(root).read_bytes()
    os.utime(root / release.PACKAGE / "const.py", (0, 0))
    (root / release.PACKAGE / "const.py").chmod(0o755)
    (root / release.PACKAGE / "__pycache__").mkdir()
    (root / release.PACKAGE / "__pycache__" / "const.pyc").write_bytes(b"old")
    assert packed(root).read_bytes() == first
    (root / release.PACKAGE / "const.py").write_text("# another\n")
    assert packed(root).read_bytes() != first


def test_complete(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Unpacked into an empty config folder it is the integration byte for byte, and every module can be imported."""
    config = tmp_path_factory.mktemp("config")
    with ZipFile(packed(root)) as archive:
        assert archive.testzip() is None
        archive.extractall(config)
    kept = {path.relative_to(root): path.read_bytes() for path in (root / release.PACKAGE).rglob("*.*")}
    found = {path.relative_to(config): path.read_bytes() for path in config.rglob("*") if path.is_file()}
    assert found == kept
    assert {release.PACKAGE / name for name in ("manifest.json", "icons.json", "translations/en.json")} < found.keys()
    command = [sys.executable, "-c", IMPORT_ALL]
    ran = subprocess.run(command, cwd=config, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert ran.returncode == 0, ran.stderr
    assert {"__init__", "config_flow", "sensor", "repairs"} < {*ran.stdout.split()}


def test_script() -> None:
    """The script can be called as docs/release.md says, and fails as the workflow needs it."""
    command = [str(release.ROOT / "scripts" / "release"), "0.0.0"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("release: the tag is 0.0.0")


def test_workflow() -> None:
    """A published release is checked and tested first; then the zip is attached, by a job of its own."""
    workflow = read_yaml(release.ROOT / ".github" / "workflows" / "release.yaml")
    assert workflow["on"] == {"release": {"types": ["published"]}}
    runs = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in workflow["jobs"].items()}
    assert runs == {
        "test": ['scripts/release "$TAG"', "scripts/test"],
        "attach": ['scripts/release "$TAG"', 'gh release upload "$TAG" dist/enphase_secctrl.zip'],
    }
    assert workflow["jobs"]["attach"]["needs"] == "test"
    assert {job["env"]["TAG"] for job in workflow["jobs"].values()} == {"${{ github.event.release.tag_name }}"}
