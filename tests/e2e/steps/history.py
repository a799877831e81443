"""Four weeks of history, so that the dashboards show realistic curves."""

from typing import Final

from scripts.lib.history import Day, add_history
from tests.e2e.session import BrowserSession
from tests.emulator import SCENARIOS

SCENARIO: Final = "8.2_29_keys"
"""What the first gateway reports."""


def time_zone() -> str:
    """Return a time zone in which the first gateway's batteries were full in the afternoon."""
    payload = SCENARIOS[SCENARIO].payload
    charge, reserve = payload["agg_soc"], payload["adjusted_backup_soc"]
    assert isinstance(charge, int)
    assert isinstance(reserve, int)
    return Day(charge, reserve).time_zone


async def add_past_values(session: BrowserSession) -> None:
    """Add the history of the first gateway and of the energy meters."""
    await add_history(session.hass, await session.enabled_entities(session.gateway))
