"""Whether the charge is at a level, such as the reserve, and whether it has just reached it.

A gateway reports whole percents. Near a level, the charge can alternate between two values for hours. So the batteries
count as at the level until they have been charged to 5 % above it.
"""

from dataclasses import dataclass, field
from typing import Final

from .client import Report
from .fields import RESERVE, SHUTDOWN_LEVEL, STATE_OF_CHARGE

_HYSTERESIS: Final = 5
_FULL: Final = 100


class LevelTracker:
    """Compares the charge of each report with a level; both are percentages."""

    is_at: bool | None = None
    """Whether the charge is at or below the level, with hysteresis; None while it is unknown."""

    has_come_down: bool = False
    """Whether the charge came down to the level with the last report: not because the level was raised, and only if
    charge and level were known before."""

    def __init__(self) -> None:
        """Start without a report."""
        self._was_at: bool | None = None
        self._previous: tuple[float, float] | None = None

    def update(self, charge: float | None, level: float | None) -> None:
        """Compare the values of a new report; None is unknown."""
        previous, self._previous = self._previous, None
        self.is_at, self.has_come_down = None, False
        if charge is None or level is None:
            return
        self._previous = charge, level
        self.is_at = charge <= level or (self._was_at is True and charge < min(_FULL, level + _HYSTERESIS))
        if self.is_at and self._was_at is False and previous is not None:
            self.has_come_down = charge < previous[0] and charge <= min(level, previous[1])
        self._was_at = self.is_at


@dataclass(frozen=True, kw_only=True)
class BatteryLevels:
    """The levels of a battery system."""

    reserve: LevelTracker = field(default_factory=LevelTracker)
    shutdown_level: LevelTracker = field(default_factory=LevelTracker)
    full: LevelTracker = field(default_factory=LevelTracker)
    """Compares the percentage that is missing from a full charge with 0."""

    def update(self, report: Report) -> None:
        """Compare the values of a new report."""
        charge = report.value(STATE_OF_CHARGE)
        self.reserve.update(charge, report.value(RESERVE))
        self.shutdown_level.update(charge, report.value(SHUTDOWN_LEVEL))
        self.full.update(None if charge is None else _FULL - charge, 0)
