"""The repository passes all checks, and each check finds the violations of its rule."""

from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from .checks import CHECKS, Check
from .checks.files import ROOT
from .edits import Edit
from .violations import VIOLATIONS

FOLDERS = ("custom_components", ".github")
FILES = ("hacs.json", "README.md", "LICENSE")


def _name(check: Check) -> str:
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"


@pytest.fixture
def repository_copy(tmp_path: Path) -> Path:
    """A copy of the files that the checks read."""
    for folder in FOLDERS:
        copytree(ROOT / folder, tmp_path / folder, ignore=ignore_patterns("__pycache__"))
    for file in FILES:
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
    return tmp_path


@pytest.mark.parametrize("check", CHECKS, ids=_name)
def test_repository(check: Check) -> None:
    """The repository passes the check."""
    assert [*check(ROOT)] == []


@pytest.mark.parametrize(
    ("check", "message", "edit"), VIOLATIONS, ids=[f"{_name(check)}: {message}" for check, message, _ in VIOLATIONS]
)
def test_violation(repository_copy: Path, check: Check, message: str, edit: Edit) -> None:
    """The check reports a problem after the edit."""
    edit(repository_copy)
    assert message in "\n".join(check(repository_copy))
