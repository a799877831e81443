"""What the code of an integration must agree with: its manifest, and what Home Assistant looks for."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from homeassistant.generated.entity_platforms import EntityPlatforms
from homeassistant.requirements import DISCOVERY_INTEGRATIONS

from .folder import package, read_manifest

DISCOVERED: Final = ("bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf")


def _imported(path: Path) -> Iterator[str]:
    """Yield the integrations of Home Assistant that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(level=0):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            case _:
                continue
        for parts in (name.split(".") for name in names):
            if parts[:2] == ["homeassistant", "components"]:
                yield parts[2]


def imports(folder: Path) -> Iterator[str]:
    """An imported integration is a dependency, a platform of entities, or one we have a file for."""
    manifest, ours = read_manifest(folder), package(folder)
    allowed = {str(platform) for platform in EntityPlatforms} | {path.stem for path in ours.glob("*.py")}
    allowed |= {*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])}
    allowed |= {name for name, keys in DISCOVERY_INTEGRATIONS.items() if {*keys} & manifest.keys()}
    for path in sorted(ours.rglob("*.py")):
        for name in sorted({*_imported(path)} - allowed):
            yield f"{path.name} imports {name}, which is no dependency of the manifest"


def config_flow(folder: Path) -> Iterator[str]:
    """The manifest says whether there is a flow, and one that is discovered knows what it has found before."""
    manifest, flow = read_manifest(folder), package(folder) / "config_flow.py"
    if manifest.get("config_flow", False) is not flow.exists():
        yield "the manifest and config_flow.py don't agree whether there is a flow"
    code = flow.read_text() if flow.exists() else ""
    steps = {name for name in DISCOVERED if f"async_step_{name}" in code}
    declared = {name for name in DISCOVERED if name in manifest}
    yield from (f"the discovery by {name} has only one of manifest and step" for name in sorted(steps ^ declared))
    if steps and ".async_set_unique_id(" not in code:
        yield "the flow can be discovered and sets no unique ID"


def config_schema(folder: Path) -> Iterator[str]:
    """What is set up without an entry says what it takes from configuration.yaml."""
    tree = ast.parse((package(folder) / "__init__.py").read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    targets = {ast.unparse(node.target) for node in tree.body if isinstance(node, ast.AnnAssign)}
    targets |= {ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)}
    if defined & {"setup", "async_setup"} and "CONFIG_SCHEMA" not in targets:
        yield "__init__.py has async_setup and no CONFIG_SCHEMA"


def actions(folder: Path) -> Iterator[str]:
    """There are actions exactly if services.yaml describes them."""
    code = "\n".join(path.read_text() for path in package(folder).rglob("*.py"))
    registered = "services.async_register(" in code or "async_register_entity_service(" in code
    if registered is not (package(folder) / "services.yaml").exists():
        yield "services.yaml and the code don't agree whether there are actions"
