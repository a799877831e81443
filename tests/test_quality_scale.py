"""The quality scale is no list of promises: each rule names what shows it, and that is there."""

import ast
from configparser import ConfigParser
from pathlib import Path
import re
from typing import Any

import homeassistant
import pytest

from scripts import coverage

from .rules import RULES as CHECKS
from .rules.folder import package, read_yaml

ROOT = Path(__file__).parents[1]
PACKAGE = package(ROOT)
CORE = Path(homeassistant.__file__).parent / "components" / "powerfox_local" / "quality_scale.yaml"
RULES: dict[str, dict[str, Any]] = read_yaml(PACKAGE / "quality_scale.yaml")["rules"]


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Papers are read without a Home Assistant."""


def parts(comment: str) -> tuple[str, list[str]]:
    """Return the reason that a comment gives, and the places that it names."""
    reason, found, places = comment.rpartition("Shown by ")
    return reason.strip(), places.split(", ") if found else []


def is_there(place: str) -> bool:
    """Whether there is such a file, with that heading (#) or that name of the code (::) in it."""
    path, _, name = place.partition("#" if "#" in place else "::")
    file = next((folder / path for folder in (ROOT, PACKAGE) if (folder / path).is_file()), None)
    if file is None or name == "":
        return file is not None and place == path
    text = file.read_text()
    if "#" in place:
        return file.suffix == ".md" and re.search(rf"^#+ {re.escape(name)}$", text, re.MULTILINE) is not None
    return file.suffix == ".py" and name in defined(text)


def defined(code: str) -> set[str]:
    """Return what a module defines."""
    found = set()
    for node in ast.parse(code).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.TypeAlias(name=ast.Name(id=name)):
                found.add(name)
    return found


def test_rules() -> None:
    """Every rule of Home Assistant has its line, and each is done, or exempt for a reason."""
    assert len(RULES) == 54
    assert read_yaml(CORE)["rules"].keys() <= RULES.keys()
    assert {frozenset(line) for line in RULES.values()} == {frozenset({"status", "comment"})}
    assert {line["status"] for line in RULES.values()} == {"done", "exempt"}
    unreasoned = [rule for rule, line in RULES.items() if line["status"] == "exempt" and not parts(line["comment"])[0]]
    assert unreasoned == []


@pytest.mark.parametrize("rule", RULES)
def test_shown(rule: str) -> None:
    """What shows the rule is there: for docs a heading, for an exemption a test or a check that holds it."""
    line = RULES[rule]
    _, places = parts(line["comment"])
    assert places
    assert [place for place in places if not is_there(place)] == []
    wanted = {"exempt": r"tests/", "done": r"(README|docs/\w+)\.md#" if rule.startswith("docs-") else r"."}
    assert [place for place in places if not re.match(wanted[line["status"]], place)] == []


def test_checks() -> None:
    """What of tests/rules is named is a check that runs; the test that runs them all shows nothing by itself."""
    run = {f"tests/rules/{check.__module__.rpartition('.')[2]}.py::{check.__name__}" for check in CHECKS.values()}
    named = {place for line in RULES.values() for place in parts(line["comment"])[1] if "rules" in place}
    assert named
    assert named <= run


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("sensor.py::PARALLEL_UPDATES", True),
        ("sensor.py::PARALLEL", False),
        ("tests/test_quality_scale.py::test_shown", True),
        ("tests/test_quality_scale.py::place", False),
        ("tests/test_quality.py", False),
        ("coordinator.py::SecctrlConfigEntry", True),
        ("const.py::DOMAIN", True),
        ("README.md#Install", True),
        ("README.md#Instal", False),
        ("README.md::Install", False),
        ("sensor.py#PARALLEL_UPDATES", False),
        ("README.md#", False),
        ("setup.cfg", True),
        ("", False),
    ],
)
def test_is_there(place: str, found: bool) -> None:
    """A place is found, and one that is not there is not."""
    assert is_there(place) is found


# --- what no other test shows


def test_exempt() -> None:
    """There are no triggers and conditions of ours, and entities hear of nothing but through the coordinator."""
    files = {path.stem: path.read_text() for path in PACKAGE.glob("*.py")}
    assert not {"trigger", "condition", "device_trigger", "device_condition", "services"} & files.keys()
    entities = "".join(files[room] for room in ("entity", "sensor", "binary_sensor"))
    assert "CoordinatorEntity" in entities
    assert (
        re.findall(r"async_(?:added_to|will_remove_from)_hass|async_listen|async_track\w+|dispatcher", entities) == []
    )


def test_coverage() -> None:
    """Each module is covered wholly, and nothing is kept from it."""
    assert coverage.lacking({"forms": 100.0, "model": 99.9}) == ["model.py is covered to 99.9 %, not 100 %"]
    assert [path.name for path in PACKAGE.rglob("*.py") if "pragma" in path.read_text()] == []
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    assert {*settings["coverage:run"], *settings["coverage:report"]} == {
        *("branch", "source", "show_missing", "skip_covered")
    }
    assert "--cov=custom_components.enphase_secctrl --cov-branch" in (test := (ROOT / "scripts" / "test").read_text())
    assert "-m scripts.coverage" in test


def test_sessions() -> None:
    """Sessions are made in one place, and Home Assistant makes them."""
    calls = re.compile(r"(?:ClientSession|async_\w+_clientsession)\(")
    made = {path.name: found for path in PACKAGE.glob("*.py") if (found := set(calls.findall(path.read_text())))}
    assert made == {"sessions.py": {"async_create_clientsession("}}


def test_types() -> None:
    """Mypy is strict, nothing is kept from it, and what it does not know is not taken for anything."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["mypy"]["strict"] == "true"
    assert not {"ignore_errors", "ignore_missing_imports"} & {
        option for section in config for option in config[section]
    }
    ignored = [path.name for path in PACKAGE.rglob("*.py") if re.search(r"#\s*(type: ignore|mypy:)", path.read_text())]
    assert ignored == []
    assert "readonly folders=(custom_components tests scripts)" in (ROOT / "scripts" / "lint").read_text()
