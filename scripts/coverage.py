"""Hold each module to its coverage, lines and branches: python -m scripts.coverage, after tests with --cov."""

from collections.abc import Mapping
from io import StringIO
import sys
from typing import Final

from coverage import Coverage

from scripts.hass import DOMAIN, ROOT

PACKAGE: Final = ROOT / "custom_components" / DOMAIN
WANTED: Final = 97
"""Per cent of every module. Home Assistant wants more than 95."""

WHOLE: Final = ("config_flow", "forms", "options_flow", "sign_in_steps")
"""The flow, of which Home Assistant wants all."""


def measured() -> dict[str, float]:
    """Return the per cent of each module that the last run of the tests covered."""
    data = Coverage(config_file=ROOT / "setup.cfg")
    data.load()
    return {path.stem: data.report([str(path)], file=StringIO()) for path in sorted(PACKAGE.glob("*.py"))}


def lacking(shares: Mapping[str, float]) -> list[str]:
    """Return the modules that are covered less than is wanted of them, in words."""
    wanted = {module: 100 if module in WHOLE else WANTED for module in shares}
    return [
        f"{module}.py is covered to {share:.1f} %, not {wanted[module]} %"
        for module, share in shares.items()
        if share < wanted[module]
    ]


def main() -> int:
    """Look at the last run; return the exit code."""
    problems = lacking(measured())
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
