"""Print the Python packages that Home Assistant installs at its first start.

Without a network connection it would wait for each of them, so scripts/setup installs them beforehand. This follows
dependencies, after_dependencies, and the discovery keys of manifests, as Home Assistant's requirements manager does.
Run it in the environment of that Home Assistant.
"""

import ast
import json
from pathlib import Path

import homeassistant
from homeassistant.bootstrap import CORE_INTEGRATIONS, DEFAULT_INTEGRATIONS
from homeassistant.requirements import DISCOVERY_INTEGRATIONS

HOMEASSISTANT = Path(homeassistant.__file__).parent
MANIFEST = Path(__file__).parents[2] / "custom_components" / "enphase_secctrl" / "manifest.json"
DOMAINS = {
    *DEFAULT_INTEGRATIONS,
    *CORE_INTEGRATIONS,
    *("recorder", "history", "logbook", "energy", "my", "system_health", "zeroconf"),
}


def core_manifest(domain: str) -> Path:
    """Return the path of the manifest of a core integration."""
    return HOMEASSISTANT / "components" / domain / "manifest.json"


def find_requirements(manifest: Path, seen: set[Path]) -> set[str]:
    """Return the requirements of a manifest and of the integrations that it depends on, except for those in `seen`."""
    if manifest in seen or not manifest.exists():
        return set()
    seen.add(manifest)
    content = json.loads(manifest.read_text())
    found = set(content.get("requirements", ()))
    domains = [*content.get("dependencies", ()), *content.get("after_dependencies", ())]
    domains += [domain for domain, keys in DISCOVERY_INTEGRATIONS.items() if content.keys() & set(keys)]
    for domain in domains:
        found |= find_requirements(core_manifest(domain), seen)
    return found


def totp_requirements() -> set[str]:
    """Return the requirements of the TOTP module, which is always loaded and isn't in a manifest."""
    module = ast.parse((HOMEASSISTANT / "auth" / "mfa_modules" / "totp.py").read_text())
    return {
        requirement
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REQUIREMENTS"
        for requirement in ast.literal_eval(node.value)
    }


def main() -> None:
    """Print the requirements, one per line."""
    seen: set[Path] = set()
    found = totp_requirements() | find_requirements(MANIFEST, seen)
    for domain in DOMAINS:
        found |= find_requirements(core_manifest(domain), seen)
    print(*sorted(found, key=str.lower), sep="\n")


if __name__ == "__main__":
    main()
