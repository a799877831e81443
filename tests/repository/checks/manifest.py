"""Checks of manifest.json: what hassfest, HACS, and Home Assistant's loader require of a custom integration."""

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

from .files import integration_folder, read_manifest

CORE: Final = Path(homeassistant.__file__).parent
KNOWN_KEYS: Final = {*Manifest.__annotations__, "iot_class", "categories", "connectivity"} - {
    "is_built_in",
    "overwrites_built_in",
    "disabled",
}
"""Home Assistant 2026.11 introduced categories and connectivity; earlier versions ignore them."""

REQUIRED_KEYS: Final = {
    *("domain", "name", "codeowners", "config_flow", "documentation"),
    *("integration_type", "iot_class", "issue_tracker", "version"),
}
IOT_CLASSES: Final = {
    *("cloud_polling", "cloud_push", "local_polling", "local_push"),
    *("assumed_state", "calculated"),
}
INTEGRATION_TYPES: Final = {*get_args(Manifest.__annotations__["integration_type"])} - {"virtual"}
MATCHER_KEYS: Final = {"type", "name", "properties"}
"""Keys of a zeroconf matcher; "macaddress", "manufacturer", and "model" are deprecated."""


def keys(root: Path) -> Iterator[str]:
    """The manifest has all required keys, no unknown ones, and none that only core integrations may have."""
    manifest = read_manifest(root)
    yield from (f"manifest.json has the unknown key {key}" for key in sorted(manifest.keys() - KNOWN_KEYS))
    yield from (f"manifest.json has no {key}" for key in sorted(REQUIRED_KEYS - manifest.keys()))
    if "quality_scale" in manifest:
        yield "manifest.json has a quality_scale, which only core integrations may have"


def key_order(root: Path) -> Iterator[str]:
    """The keys are in the order domain, name, then alphabetically."""
    found = [*read_manifest(root)]
    if found != (expected := sorted(found, key=lambda key: (key != "domain", key != "name", key))):
        yield f"manifest.json: the order of the keys isn't {', '.join(expected)}"


def domain(root: Path) -> Iterator[str]:
    """The domain is the name of the folder, and no core integration has it."""
    domain, folder = str(read_manifest(root).get("domain")), integration_folder(root).name
    if domain != folder or not re.fullmatch(r"[a-z][a-z0-9_]*", domain):
        yield f"the domain {domain} isn't the name of the folder {folder}"
    if (CORE / "components" / domain).exists():
        yield f"the domain {domain} is the one of a core integration"


def code_owners(root: Path) -> Iterator[str]:
    """The code owners are GitHub accounts."""
    owners = read_manifest(root).get("codeowners") or []
    if not owners:
        yield "there is no code owner"
    yield from (f"the code owner {owner} isn't an @account" for owner in owners if not re.fullmatch(r"@[\w/-]+", owner))


def values(root: Path) -> Iterator[str]:
    """HACS can compare the version, and Home Assistant knows the type and the IoT class."""
    manifest = read_manifest(root)
    try:
        AwesomeVersion(manifest.get("version"), ensure_strategy=AwesomeVersionStrategy.SEMVER)
    except AwesomeVersionException:
        yield f"the version {manifest.get('version')} isn't like 1.2.3"
    if manifest.get("iot_class") not in IOT_CLASSES:
        yield f"the iot_class {manifest.get('iot_class')} is unknown"
    if manifest.get("integration_type") not in INTEGRATION_TYPES:
        yield f"the integration_type {manifest.get('integration_type')} is unknown"


def links(root: Path) -> Iterator[str]:
    """The links are https URLs."""
    manifest = read_manifest(root)
    for key in ("documentation", "issue_tracker"):
        url = urlsplit(str(manifest.get(key)))
        if url.scheme != "https" or "." not in url.netloc:
            yield f"{key} isn't an https URL"


def zeroconf(root: Path) -> Iterator[str]:
    """The zeroconf matchers have a valid type, known keys, and lowercase values."""
    for entry in read_manifest(root).get("zeroconf", []):
        matcher: dict[str, Any] = {"type": entry} if isinstance(entry, str) else entry
        service_type = str(matcher.get("type"))
        if not re.fullmatch(r"_[\w-]+\._(tcp|udp)\.local\.", service_type):
            yield f"the zeroconf type {service_type} isn't like _name._tcp.local."
        yield from (f"a zeroconf matcher has the unknown key {key}" for key in sorted(matcher.keys() - MATCHER_KEYS))
        texts = (service_type, matcher.get("name", ""), *matcher.get("properties", {}).values())
        yield from (f"the zeroconf matcher {text} isn't lowercase" for text in texts if text != text.lower())


def requirements(root: Path) -> Iterator[str]:
    """No requirement is one of Home Assistant itself, or conflicts with a version that Home Assistant pins."""
    core = {canonicalize_name(Requirement(line).name) for line in requires("homeassistant") or []}
    lines = (line for line in (CORE / "package_constraints.txt").read_text().splitlines() if line[:1].isalnum())
    pinned = {canonicalize_name(Requirement(line).name) for line in lines}
    for text in read_manifest(root).get("requirements", []):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield f"the requirement {text} is invalid"
            continue
        if (name := canonicalize_name(requirement.name)) in core:
            yield f"the requirement {text} is one of Home Assistant itself"
        elif name in pinned and {one.operator for one in requirement.specifier} & {"==", "===", "!="}:
            yield f"the requirement {text} conflicts with the version that Home Assistant pins"
