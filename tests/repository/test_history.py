"""The past values of the demo: a daily cycle that ends at the current charge."""

from zoneinfo import ZoneInfo

import pytest

from scripts.lib.history import HOURS, HOUSE_METERS, HOUSE_POWER, METERS, Day


@pytest.mark.parametrize(("charge", "reserve"), [(100, 20), (66, 15), (21, 20), (20, 20), (50, 0), (46, 100)])
def test_day(charge: int, reserve: int) -> None:
    """The charge ends near the current one, and is never below the reserve or above 100%."""
    day = Day(charge, reserve)
    charges = [day.charge(hours_ago) for hours_ago in range(HOURS)]
    assert abs(charges[0] - max(charge, reserve)) <= 2
    assert all(reserve <= one <= 100 for one in charges)
    assert ZoneInfo(day.time_zone).key == day.time_zone


def test_energy() -> None:
    """What is charged in four weeks is discharged again, except for what is left."""
    day = Day(66, 15)
    powers = [day.power(hours_ago) for hours_ago in range(HOURS, 0, -1)]
    assert sum(powers) == pytest.approx(day.charge(HOURS) - day.charge(0), abs=2)
    assert max(powers) > 5
    assert min(powers) < -5


def test_house() -> None:
    """Solar charges the batteries, which discharge into the house; the grid delivers what the house still needs."""
    day = Day(66, 15)
    for hours_ago in range(1, HOURS + 1):
        house = day.solar_power(hours_ago) + day.grid_power(hours_ago) + day.power(hours_ago)
        assert house > HOUSE_POWER - 1e-9
        assert 0 in (day.solar_power(hours_ago), day.grid_power(hours_ago))
    assert day.meters.keys() == (METERS | HOUSE_METERS).keys()
