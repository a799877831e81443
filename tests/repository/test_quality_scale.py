"""quality_scale.yaml: for each rule it names evidence, which exists, for example a test or a heading of the docs."""

import ast
from configparser import ConfigParser
from pathlib import Path
import re
from typing import Any, Final

import homeassistant
import pytest

from scripts.lib import coverage

from .checks.files import ROOT, integration_folder, read_yaml

FOLDER: Final = integration_folder(ROOT)
CORE_EXAMPLE: Final = Path(homeassistant.__file__).parent / "components" / "powerfox_local" / "quality_scale.yaml"
RULES: Final[dict[str, dict[str, Any]]] = read_yaml(FOLDER / "quality_scale.yaml")["rules"]


def split_comment(comment: str) -> tuple[str, list[str]]:
    """Return the reason in a comment, and the evidence that it names."""
    reason, _, evidence = comment.rpartition("Evidence: ")
    return reason.strip(), evidence.split(", ")


def exists(evidence: str) -> bool:
    """Return whether there is such a file, with that heading (file#heading) or definition (file::name)."""
    path, *heading = evidence.split("#")
    path, *name = path.split("::")
    texts = [(folder / path).read_text() for folder in (ROOT, FOLDER) if (folder / path).is_file()]
    if not texts:
        return False
    if heading:
        return re.search(rf"^#+ {re.escape(heading[0])}$", texts[0], re.MULTILINE) is not None
    return not name or name[0] in definitions(texts[0])


def definitions(code: str) -> set[str]:
    """Return the names that a module defines."""
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
    """Every rule of Home Assistant is listed, and is done or exempt; an exemption has a reason."""
    assert len(RULES) == 54
    assert read_yaml(CORE_EXAMPLE)["rules"].keys() <= RULES.keys()
    assert {frozenset(rule) for rule in RULES.values()} == {frozenset({"status", "comment"})}
    assert {rule["status"] for rule in RULES.values()} == {"done", "exempt"}
    exempt = {name: rule for name, rule in RULES.items() if rule["status"] == "exempt"}
    assert [name for name, rule in exempt.items() if not split_comment(rule["comment"])[0]] == []


@pytest.mark.parametrize("name", RULES)
def test_evidence(name: str) -> None:
    """The evidence exists: a heading for a rule about docs, and a test or check for an exemption."""
    rule = RULES[name]
    _, evidence = split_comment(rule["comment"])
    assert [one for one in evidence if not exists(one)] == []
    done = r"(README|docs/\w+)\.md#" if name.startswith("docs-") else ""
    pattern = {"exempt": "tests/", "done": done}[rule["status"]]
    assert [one for one in evidence if not re.match(pattern, one)] == []


# --- Evidence for rules that no other test covers


def test_exempt() -> None:
    """There are no actions, and no triggers and conditions of the old kind."""
    modules = {path.stem for path in FOLDER.glob("*.py")}
    assert not {"device_trigger", "device_condition", "services"} & modules


def test_subscriptions() -> None:
    """The entities subscribe to the coordinator when they are added, and unsubscribe when they are removed."""
    entities = "".join((FOLDER / f"{module}.py").read_text() for module in ("entity", "sensor", "binary_sensor"))
    assert "CoordinatorEntity" in entities
    subscriptions = re.findall(
        r"[\w.(]*self\.coordinator\.async_add\w+|async_listen|async_track\w+|dispatcher", entities
    )
    assert subscriptions == ["self.async_on_remove(self.coordinator.async_add_poll_listener"]


def test_coverage() -> None:
    """scripts/test fails if a line or branch of a module isn't covered, and no line is excluded."""
    assert coverage.find_violations({"flows/forms.py": 100.0, "client/report.py": 99.9}) == [
        "client/report.py has 99.9% coverage; 100% is required"
    ]
    assert [path.name for path in FOLDER.rglob("*.py") if "pragma" in path.read_text()] == []
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    options = {*settings["coverage:run"], *settings["coverage:report"]}
    assert options == {"branch", "source", "show_missing", "skip_covered"}
    script = (ROOT / "scripts" / "test").read_text()
    assert "--cov=custom_components.enphase_secctrl --cov-branch" in script
    assert "-m scripts.lib.coverage" in script


def test_sessions() -> None:
    """Only connection.py creates sessions, with Home Assistant's function."""
    pattern = re.compile(r"(?:ClientSession|async_\w+_clientsession)\(")
    calls = {path.name: found for path in FOLDER.rglob("*.py") if (found := {*pattern.findall(path.read_text())})}
    assert calls == {"connection.py": {"async_create_clientsession("}}


def test_types() -> None:
    """Mypy is strict and checks all code, without exceptions."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    assert settings["mypy"]["strict"] == "true"
    options = {option for section in settings for option in settings[section]}
    assert not {"ignore_errors", "ignore_missing_imports"} & options
    ignoring = [path.name for path in FOLDER.rglob("*.py") if re.search(r"#\s*(type: ignore|mypy:)", path.read_text())]
    assert ignoring == []
    assert "readonly folders=(custom_components tests scripts)" in (ROOT / "scripts" / "lint").read_text()
