"""When the charge is at a level, and when it has just come down to it."""

from typing import Final

import pytest

from custom_components.enphase_secctrl.levels import LevelTracker

# Steps of "charge/level result"; "?" is an unknown value, and "reached" is at the level, having just come down to it
SEQUENCES: Final = {
    "in steps of 1 %": "22/20 above, 21/20 above, 20/20 reached, 20/20 at, 19/20 at",
    "below the level in one step": "25/20 above, 12/20 reached, 11/20 at",
    "at the level in the first report": "20/20 at, 19/20 at",
    "just above the level in the first report": "21/20 above, 20/20 reached",
    "changes around the level": "21/20 above, 20/20 reached, 21/20 at, 20/20 at, 21/20 at",
    "charged to 4 % above": "21/20 above, 20/20 reached, 24/20 at, 20/20 at",
    "charged to 5 % above": "21/20 above, 20/20 reached, 25/20 above, 20/20 reached",
    "high level": "99/98 above, 98/98 reached, 99/98 at, 100/98 above, 98/98 reached",
    "level of 100 %": "100/100 at, 99/100 at",
    "level of 0 %": "1/0 above, 0/0 reached, 4.9/0 at, 5/0 above",
    "raised above the charge": "46/20 above, 46/100 at, 45/100 at",
    "raised to the charge": "46/20 above, 46/46 at, 45/46 at",
    "raised while discharging": "46/20 above, 45/45 at, 44/45 at",
    "raised while charging": "46/20 above, 47/60 at",
    "raised below the charge": "46/20 above, 46/40 above, 40/40 reached",
    "raised, and lowered again": "46/20 above, 46/100 at, 46/20 above, 20/20 reached",
    "lowered, and reached again": "21/20 above, 20/20 reached, 20/10 above, 10/10 reached",
    "lowered a little": "21/20 above, 20/20 reached, 20/18 at, 18/18 at",
    "lowered while discharging": "21/20 above, 18/19 reached",
    "charge unknown": "25/20 above, ?/20 unknown, 20/20 at, 19/20 at",
    "level unknown": "25/20 above, 25/? unknown, 20/20 at",
    "unknown at the level": "21/20 above, 20/20 reached, ?/? unknown, 22/20 at, 20/20 at",
    "unknown, and still above": "25/20 above, ?/20 unknown, 21/20 above, 20/20 reached",
    "unknown in the first report": "?/20 unknown, 21/20 above, 20/20 reached",
}
RESULTS: Final = {"unknown": (None, False), "above": (False, False), "at": (True, False), "reached": (True, True)}


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequence(name: str) -> None:
    """The tracker follows the sequence."""
    tracker = LevelTracker()
    assert (tracker.is_at, tracker.has_come_down) == RESULTS["unknown"]
    for step in SEQUENCES[name].split(", "):
        values, result = step.split(" ")
        tracker.update(*(None if value == "?" else float(value) for value in values.split("/")))
        assert (tracker.is_at, tracker.has_come_down) == RESULTS[result], step
