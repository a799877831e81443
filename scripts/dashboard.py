"""The dashboard of the docs, for a gateway of any serial."""

from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parents[1] / "docs" / "dashboards" / "energy-system.yaml"
WRITTEN_FOR: Final = "122300000001"
"""The serial in the file, which is the emulated gateway's."""


def dashboard(serial: str) -> str:
    """Return the YAML for the gateway with this serial."""
    return FILE.read_text().replace(WRITTEN_FOR, serial)
