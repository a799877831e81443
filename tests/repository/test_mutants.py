"""scripts/mutants finds mutants and the tests to run against them."""

from pathlib import Path

from scripts.lib.mutants import find_mutants, find_tests

from .checks.files import ROOT


def test_find_tests() -> None:
    """The tests of the module come first, then those of its folder; the slow ones come last. All of them exist."""
    fast, slow = find_tests(ROOT, Path("client", "report.py"))
    assert fast[0] == "tests/client/test_report.py"
    assert fast[1].startswith("tests/client/")
    assert [name for name in (*fast, *slow) if not (ROOT / name).exists()] == []
    assert {*fast}.isdisjoint(slow)


def test_find_mutants() -> None:
    """Every module with code has mutants."""
    modules = {mutant.module for mutant in find_mutants(None)}
    assert {Path("levels.py"), Path("client", "report.py"), Path("flows", "sign_in.py")} <= modules
