"""scripts/mutants finds mutants and the tests to run against them."""

from pathlib import Path

import pytest

from scripts.lib.mutants import find_mutants, find_tests, run_tests
from scripts.lib.process import RunError

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


async def test_run_tests(tmp_path: Path) -> None:
    """The first test that fails is returned, or the exit status if there are no such tests."""
    # The fixtures of pytest-homeassistant-custom-component are asynchronous
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\nasyncio_mode = auto\n")
    (tmp_path / "test_it.py").write_text("def test_good(): pass\ndef test_bad(): raise ValueError\n")
    assert await run_tests(tmp_path, ["test_it.py"]) == "test_it.py::test_bad"
    assert await run_tests(tmp_path, ["test_it.py", "-k", "good"]) is None
    assert await run_tests(tmp_path, ["no_such_file.py"]) == "pytest, which exits with 4"


async def test_missing_pytest(tmp_path: Path) -> None:
    """A mutant isn't killed by an environment in which pytest can't run."""
    (tmp_path / "pytest.py").write_text("raise SystemExit('there is no pytest')\n")
    with pytest.raises(RunError, match="there is no pytest"):
        await run_tests(tmp_path, [])
