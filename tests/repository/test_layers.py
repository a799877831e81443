"""The modules of the integration follow the rules in docs/architecture.md, under "Who may import whom"."""

import ast
from collections.abc import Callable, Iterator, Mapping
from importlib.util import resolve_name
from pathlib import Path
import re
import sys
from typing import Final

import pytest

from .checks.files import ROOT, integration_folder

type Code = Mapping[str, str]
"""Source code by name of the module inside the integration, for example "client.report" or "client.__init__"."""
type Rule = Callable[[Code], Iterator[str]]

FOLDER: Final = integration_folder(ROOT)
PACKAGE: Final = f"custom_components.{FOLDER.name}"
CODE: Final[Code] = {
    ".".join(path.relative_to(FOLDER).with_suffix("").parts): path.read_text() for path in FOLDER.rglob("*.py")
}
PAGE: Final = (ROOT / "docs" / "architecture.md").read_text()

CLIENT_REQUIREMENTS: Final = {"aiohttp", "jwt", "yarl"}
NETWORK_LIBRARIES: Final = {"aiohttp", "asyncio", "socket", "ssl"}
ENTRY_POINTS: Final = {
    *("__init__", "config_flow", "diagnostics", "repairs"),
    *("sensor", "binary_sensor", "trigger", "condition"),
}
"""The modules that Home Assistant loads by their names."""

MAX_LINES: Final = 220
"""About 200."""
TABLES: Final = {"fields"}

# --- The drawing


def parse_drawing(page: str) -> dict[str, set[str]]:
    """Return what each module or folder may import directly; `a, b <- c` means that c may import a and b."""
    (drawing,) = re.findall(r"```layers\n(.*?)```", page, re.DOTALL)
    drawn: dict[str, set[str]] = {}
    for line in drawing.splitlines():
        layers = [re.findall(r"\w+", layer) for layer in line.split("<-")]
        for names, previous in zip(layers, [[], *layers], strict=False):
            for name in names:
                drawn.setdefault(name, set()).update(previous)
    return drawn


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Return everything that the start imports directly or indirectly."""
    found: set[str] = set()
    waiting = {*graph.get(start, ())}
    while waiting:
        found.add(name := waiting.pop())
        waiting |= graph.get(name, set()) - found
    return found


DRAWN: Final = parse_drawing(PAGE)

# --- The code


def imported_names(source: str) -> set[str]:
    """Return the names that the code imports, as they are written: "..client.Report", "aiohttp.ClientSession"."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(level=level, module=module, names=names):
                prefix = "." * level + (f"{module}." if module else "")
                found |= {prefix + alias.name for alias in names}
    return found


def imported_modules(code: Code) -> dict[str, set[str]]:
    """Return for each module the modules of the integration that it imports."""
    found: dict[str, set[str]] = {}
    for module, source in code.items():
        package = f"{PACKAGE}.{module}".rpartition(".")[0]
        names = {resolve_name(name, package) for name in imported_names(source)}
        found[module] = {_find_module(name) for name in names if f"{name}.".startswith(f"{PACKAGE}.")}
    return found


def _find_module(name: str) -> str:
    """Return the module that a full name is in: "client.report" for "PACKAGE.client.report.Report"."""
    parts = name.removeprefix(PACKAGE).strip(".").split(".")
    prefixes = [".".join(parts[:number]) for number in range(len(parts), 0, -1)]
    candidates = [candidate for prefix in prefixes for candidate in (prefix, f"{prefix}.__init__")]
    return next((candidate for candidate in candidates if candidate in CODE), "__init__")


def layer(module: str) -> str:
    """Return the name of a module in the drawing: that of its folder, if it is in one."""
    return module.partition(".")[0]


def is_in_client(module: str) -> bool:
    """Return whether the module is in the folder client/."""
    return layer(module) == "client"


# --- The rules


def only_drawn_imports(code: Code) -> Iterator[str]:
    """A module imports only the modules that the drawing allows."""
    for module, imported in imported_modules(code).items():
        allowed = reachable(DRAWN, layer(module)) | {layer(module)}
        yield from (f"{module} imports {other}" for other in sorted(imported) if layer(other) not in allowed)


def standalone_client(code: Code) -> Iterator[str]:
    """client/ imports the standard library, CLIENT_REQUIREMENTS, and itself; the latter only with relative imports."""
    allowed = sys.stdlib_module_names | CLIENT_REQUIREMENTS
    for module, source in code.items():
        for name in sorted(imported_names(source)) if is_in_client(module) else ():
            is_own = name.startswith(".") and not name.startswith("..")
            if not is_own and name.partition(".")[0] not in allowed:
                yield f"{module} imports {name}"


def public_client(code: Code) -> Iterator[str]:
    """Outside of client/, nothing imports one of its modules: its public names are in client/__init__.py."""
    modules = "|".join(module.removeprefix("client.") for module in CODE if is_in_client(module))
    pattern = re.compile(rf"(\.+|{re.escape(PACKAGE)}\.)client\.({modules})\b")
    for module, source in code.items():
        names = set() if is_in_client(module) else imported_names(source)
        yield from (f"{module} imports {name}" for name in sorted(names) if pattern.match(name))


def no_network_library(code: Code) -> Iterator[str]:
    """The modules that docs/architecture.md lists import no network library."""
    (sentence,) = re.findall(r"import no network library: ([^:]+?)\.\n", PAGE)
    for path in re.findall(r"`([\w/]+)\.py`", sentence):
        module = path.replace("/", ".")
        libraries = {name.partition(".")[0] for name in imported_names(code.get(module, ""))} & NETWORK_LIBRARIES
        yield from (f"{module} imports {library}" for library in sorted(libraries))


def no_cycles(code: Code) -> Iterator[str]:
    """No module imports itself, directly or indirectly."""
    graph = imported_modules(code)
    yield from (f"{module} imports itself" for module in code if module in reachable(graph, module))


def entry_points_not_imported(code: Code) -> Iterator[str]:
    """No module imports one that Home Assistant loads."""
    for module, imported in imported_modules(code).items():
        yield from (f"{module} imports {other}" for other in sorted(imported & ENTRY_POINTS))


def short_modules(code: Code) -> Iterator[str]:
    """A module has at most MAX_LINES lines, unless it is a table."""
    lines = {module: len(source.splitlines()) for module, source in code.items() if module not in TABLES}
    yield from (f"{module} has {number} lines" for module, number in lines.items() if number > MAX_LINES)


RULES: Final[tuple[Rule, ...]] = (
    only_drawn_imports,
    standalone_client,
    public_client,
    no_network_library,
    no_cycles,
    entry_points_not_imported,
    short_modules,
)


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: Rule) -> None:
    """The integration follows the rule."""
    assert [*rule(CODE)] == []


@pytest.mark.parametrize(
    ("rule", "code", "violation"),
    [
        (only_drawn_imports, {"const": "from .issues import x"}, "const imports issues"),
        (only_drawn_imports, {"const": "from . import issues as x"}, "const imports issues"),
        (only_drawn_imports, {"issues": "def f():\n    from .flows import forms"}, "issues imports flows.forms"),
        (only_drawn_imports, {"issues": f"from {PACKAGE}.flows.forms import x"}, "issues imports flows.forms"),
        (only_drawn_imports, {"issues": f"import {PACKAGE}.flows"}, "issues imports flows.__init__"),
        (only_drawn_imports, {"flows.forms": "from ..sensor import x"}, "flows.forms imports sensor"),
        (only_drawn_imports, {"new": "from .const import x"}, "new imports const"),
        (
            standalone_client,
            {"client.host": "from homeassistant.core import x"},
            "client.host imports homeassistant.core.x",
        ),
        (standalone_client, {"client.host": "import json, voluptuous"}, "client.host imports voluptuous"),
        (standalone_client, {"client.host": "from ..const import x"}, "client.host imports ..const.x"),
        (
            standalone_client,
            {"client.host": f"from {PACKAGE}.client import x"},
            f"client.host imports {PACKAGE}.client.x",
        ),
        (public_client, {"issues": "from .client.report import x"}, "issues imports .client.report.x"),
        (public_client, {"flows.forms": "from ..client import report"}, "flows.forms imports ..client.report"),
        (public_client, {"x": f"import {PACKAGE}.client.report"}, f"x imports {PACKAGE}.client.report"),
        (no_network_library, {"client.report": "from aiohttp.web import x"}, "client.report imports aiohttp"),
        (no_network_library, {"availability": "import asyncio"}, "availability imports asyncio"),
        (no_cycles, {"const": "from . import const"}, "const imports itself"),
        (entry_points_not_imported, {"entity": "from .sensor import x"}, "entity imports sensor"),
        (entry_points_not_imported, {"flows.forms": "from .. import x"}, "flows.forms imports __init__"),
        (short_modules, {"const": "\n" * 221}, "const has 221 lines"),
    ],
)
def test_violation(rule: Rule, code: Code, violation: str) -> None:
    """The rule finds the violation, however the import is written."""
    assert [*rule(code)] == [violation]


def test_indirect_cycle() -> None:
    """A cycle of several modules is found in each of them."""
    code = {"issues": "from .entity import x", "entity": "from .const import x", "const": "from .issues import x"}
    assert len([*no_cycles(code)]) == 3


# --- The page


def test_drawing() -> None:
    """The drawing contains each module or folder, and each of its lines is an import of the code; it has no cycles."""
    imported: dict[str, set[str]] = {}
    for module, others in imported_modules(CODE).items():
        imported.setdefault(layer(module), set()).update(map(layer, others))
    assert DRAWN.keys() == imported.keys()
    unused = {(name, other) for name, others in DRAWN.items() for other in others - reachable(imported, name)}
    assert unused == set()
    assert [name for name in DRAWN if name in reachable(DRAWN, name)] == []


def test_tables() -> None:
    """The tables of the page contain each module once."""
    paths = re.findall(r"^\| `([\w/]+\.py)` \|", PAGE, re.MULTILINE)
    assert sorted(paths) == sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.py"))


@pytest.mark.parametrize("folder", ["scripts", "tests"])
def test_users_of_the_client(folder: str) -> None:
    """Scripts and tests import only the public names of the client; its own tests, in tests/client, may import more."""
    files = {path.relative_to(ROOT): path.read_text() for path in (ROOT / folder).rglob("*.py")}
    code = {str(path): source for path, source in files.items() if not path.is_relative_to(Path("tests", "client"))}
    assert [*public_client(code)] == []
