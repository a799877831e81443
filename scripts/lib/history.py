"""Past values of the entities, so that a new Home Assistant shows four weeks of history.

The last day is written to the database as states, every 5 minutes. Everything before is imported as hourly statistics.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import cos, pi, sin
import sqlite3
from typing import Final

from scripts.lib.home_assistant import HomeAssistant, Json
from scripts.lib.integration import Entity
from scripts.lib.process import RunError

HOURS: Final = 28 * 24
STATES_HOURS: Final = 24
STATES_PER_HOUR: Final = 12
FULL: Final = 100
FULL_AT: Final = 15
"""The hour of the day at which the batteries are full."""

CHARGED: Final = "demo:battery_in"
DISCHARGED: Final = "demo:battery_out"
METERS: Final = {CHARGED: "Battery charged", DISCHARGED: "Battery discharged"}
"""Statistics of the batteries' energy: statistic ID, name."""

SOLAR: Final = "demo:solar"
GRID: Final = "demo:grid"
HOUSE_METERS: Final = {SOLAR: "Solar production", GRID: "Grid consumption"}
"""Statistics of the energy that doesn't come from the batteries: statistic ID, name."""

HOUSE_POWER: Final = 4
"""The least that the house uses, in percent of the batteries' capacity per hour."""

RECORDER_SECONDS: Final = 20
LAST_STATE: Final = (
    "SELECT metadata_id, attributes_id FROM states JOIN states_meta USING (metadata_id)"
    " WHERE states_meta.entity_id = ? ORDER BY last_updated_ts DESC LIMIT 1"
)
UNIT_CLASSES: Final = {"%": "unitless", "kWh": "energy", "Wh": "energy", "V": "voltage", "Hz": None}
CHARGE_KEYS: Final = ("agg_soc", "agg_avail_energy", "energy_above_reserve", "energy_above_shutdown")
BIAS_KEYS: Final = ("freq_bias_hz", "voltage_bias_v")
CONSTANT_KEYS: Final = (
    "agg_backup_energy",
    "adjusted_backup_soc",
    "configured_backup_soc",
    "enc_agg_soh",
    "max_energy",
)


class Day:
    """A daily cycle of the batteries, which ends at a state of charge and with falling charge."""

    def __init__(self, charge: float, reserve: float) -> None:
        """Find the cycle; charge and reserve are in percent."""
        self._reserve = reserve
        phases = [step / 20 for step in range(20 * 12)]
        self._hours_since_full = 0.0
        self._hours_since_full = min(phases, key=lambda phase: abs(self._charge(-phase) - charge))

    @property
    def time_zone(self) -> str:
        """A time zone in which the batteries were full in the afternoon."""
        offset = (round(FULL_AT + self._hours_since_full) - datetime.now(UTC).hour + 12) % 24 - 12
        return f"Etc/GMT{-offset:+}"  # the sign of these names is inverted

    @property
    def meters(self) -> dict[str, Callable[[float], float]]:
        """The power that each statistic adds up; negative values count as 0."""
        return {
            CHARGED: lambda hours_ago: -self.power(hours_ago),
            DISCHARGED: self.power,
            SOLAR: self.solar_power,
            GRID: self.grid_power,
        }

    def charge(self, hours_ago: float) -> float:
        """Return the state of charge in whole percents."""
        return int(self._charge(hours_ago - self._hours_since_full))

    def power(self, hours_ago: float) -> float:
        """Return the discharged part of the capacity (%) in the following hour; it is negative while charging."""
        phase = hours_ago - self._hours_since_full
        return self._charge(phase) - self._charge(phase - 1)

    def solar_power(self, hours_ago: float) -> float:
        """Return the solar production in the following hour, in percent of the capacity: it charges the batteries."""
        is_sunny = self.power(hours_ago) < 0 or self.charge(hours_ago) == FULL
        return max(0, -self.power(hours_ago)) + (HOUSE_POWER if is_sunny else 0)

    def grid_power(self, hours_ago: float) -> float:
        """Return what the house still needs from the grid in the following hour, in percent of the capacity."""
        return max(0, HOUSE_POWER - self.solar_power(hours_ago) - self.power(hours_ago))

    def _charge(self, hours_before_full: float) -> float:
        amplitude = 52 + 15 * sin((hours_before_full + self._hours_since_full) / 14)
        return min(FULL, max(self._reserve, 57.5 + amplitude * cos(2 * pi * hours_before_full / 24)))


async def add_history(hass: HomeAssistant, entities: list[Entity]) -> None:
    """Add the history of the entities of one gateway, and the energy meters, if charge and capacity are known."""
    known = {one.key: one for one in entities if one.enabled and _number(one) is not None}
    if not {"agg_soc", "agg_avail_energy", "adjusted_backup_soc", "max_energy"} <= known.keys():
        return
    day = Day(_value(known["agg_soc"]), _value(known["adjusted_backup_soc"]))
    await hass.call("config/core/update", object, time_zone=day.time_zone)
    for key, one in known.items():
        if curve := _curve(day, known, key):
            means: list[Json] = [
                {"start": start.isoformat(), "mean": (mean := curve(hours_ago)), "min": mean, "max": mean}
                for hours_ago, start in _times(HOURS, 1)
            ]
            await _import(hass, one.entity_id, None, one.unit, means)
            await _insert_states(hass, one.entity_id, curve)
    capacity = _value(known["max_energy"])
    for meter, power in day.meters.items():
        sums = accumulate(max(0, power(hours_ago)) / 100 * capacity for hours_ago, _ in _times(HOURS, 1))
        rows: list[Json] = [
            {"start": start.isoformat(), "state": total, "sum": total}
            for (_, start), total in zip(_times(HOURS, 1), sums, strict=True)
        ]
        await _import(hass, meter, (METERS | HOUSE_METERS)[meter], known["max_energy"].unit, rows)


def _curve(day: Day, known: dict[str, Entity], key: str) -> Callable[[float], float] | None:
    """Return the value at a number of hours ago, in the unit of the entity; None if it has no history."""
    now = _value(known[key])
    if key == "agg_soc":
        return day.charge
    if key in CHARGE_KEYS:
        percent = _value(known["max_energy"]) / 100
        charge = _value(known["agg_avail_energy"]) / percent  # the state of charge is rounded down
        return lambda hours_ago: max(0.0, round(now + (day.charge(hours_ago) - charge) * percent, 3))
    if key in BIAS_KEYS:
        largest = max(abs(day.power(hours_ago)) for hours_ago, _ in _times(STATES_HOURS, 1))
        scale = max(abs(now), 0.05) / largest
        return lambda hours_ago: round(day.power(hours_ago) * scale, 3)
    return (lambda _: now) if key in CONSTANT_KEYS else None


def _times(hours: int, per_hour: int) -> Iterator[tuple[float, datetime]]:
    """Yield how many hours ago, and when: from that many full hours ago until now."""
    now = datetime.now(UTC)
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    for step in range(int((now - start) / timedelta(hours=1) * per_hour)):
        time = start + timedelta(hours=step / per_hour)
        yield (now - time).total_seconds() / 3600, time


def _number(entity: Entity) -> float | None:
    try:
        return float(entity.value or "")
    except ValueError:
        return None


def _value(entity: Entity) -> float:
    return _number(entity) or 0.0


async def _insert_states(hass: HomeAssistant, entity_id: str, curve: Callable[[float], float]) -> None:
    """Write the states of the last day to the database, with the attributes of the current state; raises RunError.

    Home Assistant writes the current state to the database some seconds after it has changed.
    """
    with closing(sqlite3.connect(hass.log.with_name("home-assistant_v2.db"), timeout=30)) as database:
        for _ in range(RECORDER_SECONDS):
            if found := database.execute(LAST_STATE, (entity_id,)).fetchone():
                break
            await asyncio.sleep(1)
        else:
            msg = f"{entity_id} has no state in the database of Home Assistant after {RECORDER_SECONDS} s."
            raise RunError(msg)
        with database:
            database.executemany(
                "INSERT INTO states (metadata_id, attributes_id, origin_idx, state, last_updated_ts)"
                " VALUES (?, ?, 0, ?, ?)",
                (
                    (*found, f"{curve(hours_ago):g}", time.timestamp())
                    for hours_ago, time in _times(STATES_HOURS, STATES_PER_HOUR)
                ),
            )


async def _import(hass: HomeAssistant, statistic_id: str, name: str | None, unit: str, rows: list[Json]) -> None:
    is_meter = name is not None
    metadata: dict[str, Json] = {
        "statistic_id": statistic_id,
        "source": statistic_id.partition(":")[0] if is_meter else "recorder",
        "name": name,
        "has_sum": is_meter,
        "mean_type": 0 if is_meter else 1,
        "unit_of_measurement": unit,
        "unit_class": UNIT_CLASSES[unit],
    }
    await hass.call("recorder/import_statistics", object, metadata=metadata, stats=rows)
