"""Texts for people use the words that the project has decided on."""

from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Final

import pytest

from .checks.files import ROOT
from .edits import integration_file
from .words import PENDING, RULES, USED, Rule, texts, violations

TEXTS: Final = texts(ROOT)
EN: Final = integration_file("translations/en.json")
BLUEPRINT: Final = "docs/blueprints/watch_gateway.yaml"

PLACES: Final = {
    "page": ("README.md", "Enphase SecCtrl", "E-mail"),
    "wrapped line": ("docs/security.md", "Redirects aren't", "E-mail aren't"),
    "text of the user interface": (EN, "Connect to your", "E-mail your"),
    "blueprint": (BLUEPRINT, "Runs your actions", "E-mail your actions"),
    "sentence in a template": (BLUEPRINT, "The gateway is unavailable", "The e-mail is unavailable"),
    "issue form": (".github/ISSUE_TEMPLATE/bug.yml", "name: Bug report", "name: E-mail"),
    "pull request template": (".github/PULL_REQUEST_TEMPLATE.md", "What changes", "E-mail"),
    "workflow": (".github/workflows/release.yaml", "name: Attach zip", "name: E-mail"),
    "script": ("scripts/lint", "format, style", "e-mail"),
    "output of a program": ("scripts/lib/release.py", "don't belong in a release", "e-mail in a release"),
    "help of a program": ("tests/emulator/__main__.py", "serial number (default", "e-mail (default"),
    "log": (integration_file("coordinator.py"), "%s is stable again", "%s e-mail"),
}
"""A kind of text, with a file, a part of it, and a text with a word that isn't used."""


@pytest.mark.parametrize("file", [file for file in TEXTS if file not in PENDING])
def test_words(file: str) -> None:
    """The file has no words that the project doesn't use."""
    assert [*violations(TEXTS[file])] == []


@pytest.mark.parametrize("word", USED)
def test_decided_words(word: str) -> None:
    """The texts use the word that was decided on, and no rule forbids it."""
    assert word.casefold() in "\n".join(TEXTS.values()).casefold()
    assert [*violations(word)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.instead)
def test_rule(rule: Rule) -> None:
    """Each rule finds its example, in any case."""
    for example in (rule.example, rule.example.lower(), rule.example.upper()):
        assert rule.instead in "\n".join(violations(example))


@pytest.mark.parametrize("place", PLACES)
def test_places(tmp_path: Path, place: str) -> None:
    """A word that isn't used is found in each kind of file."""
    for folder in ("custom_components", "docs", "scripts", "tests", ".github"):
        copytree(ROOT / folder, tmp_path / folder, ignore=ignore_patterns("__pycache__", "*.png", "*.ambr"))
    (tmp_path / "README.md").write_bytes((ROOT / "README.md").read_bytes())
    file, old, new = PLACES[place]
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new))
    assert "e-mail" in "\n".join(violations(texts(tmp_path)[file])).casefold()
