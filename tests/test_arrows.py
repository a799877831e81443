"""The imports run one way, as docs/architecture.md draws them."""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
import re

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "custom_components.enphase_secctrl"
FILES = {path.stem: path for path in (ROOT / "custom_components" / "enphase_secctrl").glob("*.py")}
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
DRAWING = re.findall(r"```arrows\n(.*?)```", ARCHITECTURE, re.DOTALL)
WITHOUT_NETWORK = ("failures", "kinds", "const", "model", "identity", "token", "pin", "outage")
WITHOUT_HOME_ASSISTANT = (*WITHOUT_NETWORK, "address", "body", "gateway", "enlighten")
NETWORK = {"aiohttp", "asyncio", "yarl", "socket", "ssl"}
TABLES = {"fields"}

type Graph = Mapping[str, set[str]]


def imports(source: str) -> set[str]:
    """Return what a module of ours imports: our modules by their names, others by their packages."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {_room(alias.name) for alias in names}
            case ast.ImportFrom(level=0, module=str(module), names=names) if module != PACKAGE:
                found.add(_room(module))
            case ast.ImportFrom(level=1, module=str(module)):
                found.add(_room(f"{PACKAGE}.{module}"))
            case ast.ImportFrom(level=0 | 1, names=names):
                found |= {_room(f"{PACKAGE}.{alias.name}") for alias in names}
            case ast.ImportFrom():
                found.add("outside")
    return found


def _room(module: str) -> str:
    """Return `.model` for our own model and everything in it, `aiohttp` for aiohttp.web."""
    if module == PACKAGE:
        return ".__init__"
    inside = module.removeprefix(f"{PACKAGE}.")
    return module.partition(".")[0] if inside == module else f".{inside.partition('.')[0]}"


def arrows(drawing: str) -> dict[str, set[str]]:
    """Return what each module may import by itself: `left, left ← right, right`."""
    drawn: dict[str, set[str]] = {}
    for line in drawing.splitlines():
        left, right = (re.findall(r"\w+", side) for side in line.split("←"))
        for module in right:
            drawn.setdefault(module, set()).update(left)
        for module in left:
            drawn.setdefault(module, set())
    return drawn


def reach(graph: Graph, start: str) -> set[str]:
    """Return all that can be reached; a circle reaches its own start."""
    found: set[str] = set()
    waiting = {*graph.get(start, ())}
    while waiting:
        module = waiting.pop()
        found.add(module)
        waiting |= {*graph.get(module, ())} - found
    return found


def breaches(graph: Graph, drawn: Graph) -> set[tuple[str, str]]:
    """Return each (module, import) for which there is no way along the arrows."""
    return {(module, other) for module, others in graph.items() for other in others - reach(drawn, module)}


def strangers(graph: Graph, rooms: Iterable[str], unwanted: set[str]) -> set[tuple[str, str]]:
    """Return each (room, unwanted) that a room reaches, also through other rooms."""
    return {(room, other) for room in rooms for other in reach(graph, room) & unwanted}


IMPORTS = {name: imports(path.read_text()) for name, path in FILES.items()}
OURS = {name: {other[1:] for other in others if other.startswith(".")} for name, others in IMPORTS.items()}
ALL = {name: {other.removeprefix(".") for other in others} for name, others in IMPORTS.items()}


def test_as_drawn() -> None:
    """Every module is drawn, nothing else is, no import runs against the arrows, and each arrow is one."""
    (drawing,) = DRAWING
    drawn = arrows(drawing)
    assert drawn.keys() == FILES.keys()
    assert breaches(OURS, drawn) == set()
    assert breaches(drawn, OURS) == set()


def test_table() -> None:
    """The table of the rooms has each of them once."""
    rows = re.findall(r"^\| (`.+\.py`) \|", ARCHITECTURE, re.MULTILINE)
    assert sorted(room for row in rows for room in re.findall(r"`(\w+)\.py`", row)) == sorted(FILES)


def test_no_circles() -> None:
    """Neither the drawing nor the code leads back to where it began."""
    (drawing,) = DRAWING
    drawn = arrows(drawing)
    assert [module for module in drawn if module in reach(drawn, module) | reach(OURS, module)] == []


def test_without_home_assistant() -> None:
    """What speaks with gateway and cloud needs no Home Assistant, and what is pure no network."""
    assert strangers(ALL, WITHOUT_HOME_ASSISTANT, {"homeassistant", "probatio", "voluptuous", "outside"}) == set()
    assert strangers(ALL, WITHOUT_NETWORK, NETWORK) == set()


@pytest.mark.parametrize("name", sorted(FILES.keys() - TABLES))
def test_short(name: str) -> None:
    """A room is small enough to be read at once; tables are as long as they are."""
    assert len(FILES[name].read_text().splitlines()) <= 200


def test_these_checks_can_fail() -> None:
    """A broken house is found out, in each way it can be broken."""
    drawn = arrows("model ← gateway\ngateway ← coordinator")
    assert drawn == {"model": set(), "gateway": {"model"}, "coordinator": {"gateway"}}
    assert breaches({"coordinator": {"model"}, "model": {"gateway"}}, drawn) == {("model", "gateway")}
    assert "model" in reach({"model": {"gateway"}, "gateway": {"model"}}, "model")
    broken = {"model": {"kinds"}, "kinds": {"homeassistant"}, "token": {"jwt"}}
    assert strangers(broken, ("model", "token"), {"homeassistant"}) == {("model", "homeassistant")}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from .model import Report", {".model"}),
        ("from . import model, kinds as k", {".model", ".kinds"}),
        (f"from {PACKAGE} import model", {".model"}),
        (f"from {PACKAGE}.model import Report", {".model"}),
        (f"import {PACKAGE}.model", {".model"}),
        (f"import {PACKAGE}", {".__init__"}),
        ("from ..other import thing", {"outside"}),
        ("def late():\n    import homeassistant.core", {"homeassistant"}),
        ("from homeassistant.core import HomeAssistant", {"homeassistant"}),
        ("import os, aiohttp.web", {"os", "aiohttp"}),
    ],
)
def test_every_way_to_import(source: str, found: set[str]) -> None:
    """However something is imported, it is seen."""
    assert imports(source) == found
