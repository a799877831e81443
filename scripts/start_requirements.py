"""Print the packages that Home Assistant would install by itself at its first start.

Without network it would wait for each of them, so scripts/setup installs them beforehand.
Follows dependencies, after_dependencies and the discovery keys of manifests, as
Home Assistant's requirements manager does. Run inside the environment that holds it.
"""

import ast
import json
from pathlib import Path

import homeassistant
from homeassistant.bootstrap import CORE_INTEGRATIONS, DEFAULT_INTEGRATIONS
from homeassistant.requirements import DISCOVERY_INTEGRATIONS

HOMEASSISTANT = Path(homeassistant.__file__).parent
OURS = Path(__file__).parents[1] / "custom_components" / "enphase_secctrl"
WANTED = {
    *DEFAULT_INTEGRATIONS,
    *CORE_INTEGRATIONS,
    *("recorder", "history", "logbook", "energy", "my", "system_health", "zeroconf"),
}


def requirements_of(manifest: Path, seen: set[Path]) -> set[str]:
    """Return the requirements of a manifest and of all that it leads to."""
    if manifest in seen or not manifest.exists():
        return set()
    seen.add(manifest)
    content = json.loads(manifest.read_text())
    found = set(content.get("requirements", ()))
    next_domains = [*content.get("dependencies", ()), *content.get("after_dependencies", ())]
    next_domains += [domain for domain, keys in DISCOVERY_INTEGRATIONS.items() if content.keys() & set(keys)]
    for domain in next_domains:
        found |= requirements_of(HOMEASSISTANT / "components" / domain / "manifest.json", seen)
    return found


def totp_requirements() -> set[str]:
    """Return those of the one-time password module: always loaded, in no manifest."""
    module = ast.parse((HOMEASSISTANT / "auth" / "mfa_modules" / "totp.py").read_text())
    return {
        requirement
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "REQUIREMENTS"
        for requirement in ast.literal_eval(node.value)
    }


seen: set[Path] = set()
found = totp_requirements() | requirements_of(OURS / "manifest.json", seen)
for domain in WANTED:
    found |= requirements_of(HOMEASSISTANT / "components" / domain / "manifest.json", seen)
print(*sorted(found, key=str.lower), sep="\n")
