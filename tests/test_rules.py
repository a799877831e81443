"""The repository keeps the rules of hassfest and HACS, and each rule finds what breaks it."""

from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from .rules import RULES
from .rules.breakages import BREAKAGES
from .rules.breaking import ROOT, Breakage

PARTS = ("custom_components", ".github")
PAPERS = ("hacs.json", "README.md", "LICENSE")


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Papers are read without a Home Assistant."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the rules read of the repository."""
    for part in PARTS:
        copytree(ROOT / part, tmp_path / part, ignore=ignore_patterns("__pycache__"))
    for paper in PAPERS:
        (tmp_path / paper).write_bytes((ROOT / paper).read_bytes())
    return tmp_path


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    """The repository keeps it."""
    assert [*RULES[rule](ROOT)] == []


@pytest.mark.parametrize(
    ("rule", "problem", "breakage"), BREAKAGES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_breakage(copy: Path, rule: str, problem: str, breakage: Breakage) -> None:
    """A copy keeps the rule until it is broken, and then the problem is named."""
    assert [*RULES[rule](copy)] == []
    breakage(copy)
    assert problem in "\n".join(RULES[rule](copy))


def test_every_rule_can_fail() -> None:
    """There is a way to break each."""
    assert {rule for rule, _, _ in BREAKAGES} == {*RULES}
