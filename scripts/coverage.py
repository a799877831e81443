"""Hold each module to its coverage, lines and branches: python -m scripts.coverage, after tests with --cov."""

from collections.abc import Mapping
from io import StringIO
import sys
from typing import Final

from coverage import Coverage

from scripts.hass import DOMAIN, ROOT

PACKAGE: Final = ROOT / "custom_components" / DOMAIN
WANTED: Final = 100
"""Per cent of every module. Home Assistant wants that of the flows, and more than 95 of the others."""


def measured() -> dict[str, float]:
    """Return the per cent of each module that the last run of the tests covered."""
    data = Coverage(config_file=ROOT / "setup.cfg")
    data.load()
    return {path.stem: data.report([str(path)], file=StringIO()) for path in sorted(PACKAGE.glob("*.py"))}


def lacking(shares: Mapping[str, float]) -> list[str]:
    """Return the modules that are covered less than is wanted of them, in words."""
    return [
        f"{module}.py is covered to {share:.1f} %, not {WANTED} %" for module, share in shares.items() if share < WANTED
    ]


if __name__ == "__main__":
    sys.exit("\n".join(lacking(measured())) or None)
