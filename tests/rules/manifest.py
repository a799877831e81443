"""manifest.json: what hassfest, HACS and Home Assistant's loader want of a custom integration's."""

from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path
import re
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from awesomeversion import AwesomeVersion, AwesomeVersionException, AwesomeVersionStrategy
import homeassistant
from homeassistant.loader import Manifest
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .folder import package, read_manifest

CORE: Final = Path(homeassistant.__file__).parent
KNOWN: Final = (Manifest.__annotations__.keys() | {"iot_class"}) - {"is_built_in", "overwrites_built_in", "disabled"}
NEEDED: Final = {
    *("domain", "name", "codeowners", "config_flow", "documentation"),
    *("integration_type", "iot_class", "issue_tracker", "version"),
}
IOT_CLASSES: Final = {f"{where}_{how}" for where in ("cloud", "local") for how in ("polling", "push")} | {
    "assumed_state",
    "calculated",
}
INTEGRATION_TYPES: Final = {*get_args(Manifest.__annotations__["integration_type"])} - {"virtual"}
MATCHER: Final = {"type", "name", "properties"}
"""What a zeroconf matcher may say; "macaddress", "manufacturer" and "model" are deprecated."""


def keys(folder: Path) -> Iterator[str]:
    """Keys that Home Assistant knows, all that are needed, and none that only core's integrations have."""
    manifest = read_manifest(folder)
    yield from (f"manifest.json has the unknown key {key}" for key in manifest.keys() - KNOWN)
    yield from (f"manifest.json lacks {key}" for key in NEEDED - manifest.keys())
    if "quality_scale" in manifest:
        yield "manifest.json claims a quality_scale, which only core's integrations have"


def order(folder: Path) -> Iterator[str]:
    """domain, name, then the alphabet."""
    found = [*read_manifest(folder)]
    if found != (right := sorted(found, key=lambda key: (key != "domain", key != "name", key))):
        yield f"manifest.json has its keys in another order than {', '.join(right)}"


def identity(folder: Path) -> Iterator[str]:
    """The domain is the folder's name and nobody else's, the name is one, owners are accounts."""
    manifest = read_manifest(folder)
    domain = manifest.get("domain")
    if domain != package(folder).name or not re.fullmatch(r"[a-z][a-z0-9_]*", domain):
        yield f"the domain {domain} is not the folder's name {package(folder).name}"
    if (CORE / "components" / str(domain)).exists():
        yield f"the domain {domain} is one of Home Assistant's own"
    owners = manifest.get("codeowners") or ["nobody"]
    yield from (f"the code owner {owner} is no @account" for owner in owners if not re.fullmatch(r"@[\w/-]+", owner))


def values(folder: Path) -> Iterator[str]:
    """A version as HACS compares them, and words that Home Assistant knows."""
    manifest = read_manifest(folder)
    try:
        AwesomeVersion(manifest.get("version"), ensure_strategy=AwesomeVersionStrategy.SEMVER)
    except AwesomeVersionException:
        yield f"the version {manifest.get('version')} is not like 1.2.3"
    if manifest.get("iot_class") not in IOT_CLASSES:
        yield f"the iot_class {manifest.get('iot_class')} is unknown"
    if manifest.get("integration_type") not in INTEGRATION_TYPES:
        yield f"the integration_type {manifest.get('integration_type')} is unknown"


def links(folder: Path) -> Iterator[str]:
    """Pages on the web, over https."""
    manifest = read_manifest(folder)
    for key in ("documentation", "issue_tracker"):
        url = urlsplit(str(manifest.get(key)))
        if url.scheme != "https" or "." not in url.netloc:
            yield f"{key} is no https address"


def discovery(folder: Path) -> Iterator[str]:
    """Zeroconf types, alone or with what narrows them, in lower case."""
    for matcher in read_manifest(folder).get("zeroconf", []):
        parts: dict[str, Any] = {"type": matcher} if isinstance(matcher, str) else matcher
        kind = str(parts.get("type"))
        if not re.fullmatch(r"_[\w-]+\._(tcp|udp)\.local\.", kind):
            yield f"the zeroconf type {kind} is not like _name._tcp.local."
        yield from (f"a zeroconf matcher has the unknown part {part}" for part in parts.keys() - MATCHER)
        narrow = [parts.get("name", ""), *parts.get("properties", {}).values()]
        yield from (
            f"the zeroconf matcher {text} is not lower-case" for text in (kind, *narrow) if text != text.lower()
        )


def requirements(folder: Path) -> Iterator[str]:
    """Nothing that Home Assistant requires itself, and no exact or excluded version of what it pins."""
    core = {canonicalize_name(Requirement(line).name) for line in requires("homeassistant") or []}
    lines = (line for line in (CORE / "package_constraints.txt").read_text().splitlines() if line[:1].isalnum())
    pinned = {canonicalize_name(Requirement(line).name) for line in lines}
    for text in read_manifest(folder).get("requirements", []):
        try:
            required = Requirement(text)
        except InvalidRequirement:
            yield f"the requirement {text} cannot be read"
            continue
        if (name := canonicalize_name(required.name)) in core:
            yield f"the requirement {text} is Home Assistant's own"
        elif name in pinned and {one.operator for one in required.specifier} & {"==", "===", "!="}:
            yield f"the requirement {text} fights with the version that Home Assistant pins"
