"""Checks of the Python code: whether it matches the manifest and the other files of the integration."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from homeassistant.generated.entity_platforms import EntityPlatforms
from homeassistant.requirements import DISCOVERY_INTEGRATIONS

from .files import integration_folder, read_manifest

DISCOVERY_SOURCES: Final = ("bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf")


def _imported_components(path: Path) -> Iterator[str]:
    """Yield the integrations of Home Assistant that a module imports."""
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


def imports(root: Path) -> Iterator[str]:
    """An imported integration is a dependency, an entity platform, or one that the integration has a platform for."""
    manifest, folder = read_manifest(root), integration_folder(root)
    allowed = {str(platform) for platform in EntityPlatforms} | {path.stem for path in folder.glob("*.py")}
    allowed |= {*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])}
    allowed |= {name for name, keys in DISCOVERY_INTEGRATIONS.items() if {*keys} & manifest.keys()}
    for path in sorted(folder.rglob("*.py")):
        for name in sorted({*_imported_components(path)} - allowed):
            yield f"{path.name} imports {name}, which isn't a dependency in the manifest"


def config_flow(root: Path) -> Iterator[str]:
    """The manifest and config_flow.py match, and a flow that can be discovered sets a unique ID."""
    manifest, flow = read_manifest(root), integration_folder(root) / "config_flow.py"
    if manifest.get("config_flow", False) is not flow.exists():
        yield "only one of config_flow.py and the key config_flow of the manifest exists"
    code = flow.read_text() if flow.exists() else ""
    steps = {source for source in DISCOVERY_SOURCES if f"async_step_{source}" in code}
    declared = {source for source in DISCOVERY_SOURCES if source in manifest}
    for source in sorted(steps ^ declared):
        yield f"only one of async_step_{source} and the key {source} of the manifest exists"
    if steps and ".async_set_unique_id(" not in code:
        yield "the flow can be discovered, but doesn't set a unique ID"


def config_schema(root: Path) -> Iterator[str]:
    """An integration with async_setup defines what it accepts in configuration.yaml."""
    tree = ast.parse((integration_folder(root) / "__init__.py").read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    variables = {ast.unparse(node.target) for node in tree.body if isinstance(node, ast.AnnAssign)}
    variables |= {ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)}
    if functions & {"setup", "async_setup"} and "CONFIG_SCHEMA" not in variables:
        yield "__init__.py has async_setup, but no CONFIG_SCHEMA"


def actions(root: Path) -> Iterator[str]:
    """The code registers actions exactly if services.yaml describes them."""
    folder = integration_folder(root)
    code = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    registers = "services.async_register(" in code or "async_register_entity_service(" in code
    if registers is not (folder / "services.yaml").exists():
        yield "only one of services.yaml and code that registers actions exists"
