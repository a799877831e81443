"""Check the coverage of each module (lines and branches): python -m scripts.lib.coverage, after pytest with --cov."""

from collections.abc import Mapping
from io import StringIO
import sys
from typing import Final

from coverage import Coverage

from scripts.lib.home_assistant import DOMAIN
from scripts.lib.process import ROOT

PACKAGE: Final = ROOT / "custom_components" / DOMAIN
REQUIRED: Final = 100
"""Percent, for every module. Home Assistant requires 100 of the config flow, and more than 95 of the other modules."""


def measure() -> dict[str, float]:
    """Return the coverage of each module in percent, by names such as "client/gateway.py"."""
    coverage = Coverage(config_file=ROOT / "setup.cfg")
    coverage.load()
    return {
        path.relative_to(PACKAGE).as_posix(): coverage.report([str(path)], file=StringIO())
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def find_violations(percentages: Mapping[str, float]) -> list[str]:
    """Return a message for each module with less coverage than required."""
    return [
        f"{name} has {percent:.1f}% coverage; {REQUIRED}% is required"
        for name, percent in percentages.items()
        if percent < REQUIRED
    ]


if __name__ == "__main__":
    sys.exit("\n".join(find_violations(measure())) or None)
