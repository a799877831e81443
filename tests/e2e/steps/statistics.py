"""Statistics of the past four weeks, so that the dashboards show realistic curves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import cos, pi, sin
from typing import Final

from scripts.lib.home_assistant import HomeAssistant, Json
from tests.e2e.session import BrowserSession

HOURS: Final = 28 * 24
EVENING: Final = 20  # hour of the day
HOURS_SINCE_FULL: Final = 5.37  # since the last maximum of the state of charge
CAPACITY: Final = 10_000  # Wh
RESERVE: Final = 15  # %
METERS: Final = {"demo:battery_in": "Battery charged", "demo:battery_out": "Battery discharged"}
"""The energy meters of the batteries: statistic ID, name."""


def state_of_charge(hours_ago: float) -> float:
    """Return the state of charge (%): now 66 and falling, in a daily cycle whose amplitude varies."""
    amplitude = 52 + 15 * sin(hours_ago / 14)
    return min(100, max(RESERVE, 57.5 + amplitude * cos(2 * pi * (hours_ago - HOURS_SINCE_FULL) / 24)))


def discharged_energy(hours_ago: float) -> float:
    """Return the energy (Wh) that the batteries discharge in the following hour; it is negative while they charge."""
    return (state_of_charge(hours_ago) - state_of_charge(hours_ago - 1)) * CAPACITY / 100


# Key of the entity: function of the hours ago and of the current value; energies in Wh
CURVES: Final[dict[str, Callable[[float, float], float]]] = {
    "agg_soc": lambda ago, _: int(state_of_charge(ago)),
    "agg_avail_energy": lambda ago, _: int(state_of_charge(ago)) * CAPACITY / 100,
    "energy_above_reserve": lambda ago, _: (int(state_of_charge(ago)) - RESERVE) * CAPACITY / 100,
    "agg_backup_energy": lambda _, now: now,
    "adjusted_backup_soc": lambda _, now: now,
    "configured_backup_soc": lambda _, now: now,
    "enc_agg_soh": lambda _, now: now,
    "freq_bias_hz": lambda ago, now: now * discharged_energy(ago) / discharged_energy(0.5),
    "voltage_bias_v": lambda ago, now: now * discharged_energy(ago) / discharged_energy(0.5),
}
UNIT_CLASSES: Final = {"%": "unitless", "kWh": "energy", "Wh": "energy", "V": "voltage", "Hz": None}


def evening_time_zone() -> str:
    """Return a time zone in which it is evening now, so that the batteries are full by day."""
    offset = (EVENING - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-offset:+}"  # the sign of these names is inverted


async def import_statistics(session: BrowserSession) -> None:
    """Import statistics for the sensors of the first gateway and for the two energy meters."""
    await session.hass.call("config/core/update", object, time_zone=evening_time_zone())
    for entity in await session.enabled_entities(session.gateway):
        if curve := CURVES.get(entity.key):
            wh_per_unit = 1000 if entity.unit == "kWh" else 1
            now = float(entity.value or 0) * wh_per_unit
            means = {start: curve(hours_ago, now) / wh_per_unit for hours_ago, start in _full_hours()}
            rows: list[Json] = [
                {"start": start, "mean": mean, "min": mean, "max": mean} for start, mean in means.items()
            ]
            await _import(session.hass, entity.entity_id, None, entity.unit, rows)
    for sign, (meter, name) in zip((-1, 1), METERS.items(), strict=True):
        sums = accumulate(max(0, sign * discharged_energy(hours_ago)) / 1000 for hours_ago, _ in _full_hours())
        rows = [
            {"start": start, "state": sum_, "sum": sum_} for (_, start), sum_ in zip(_full_hours(), sums, strict=True)
        ]
        await _import(session.hass, meter, name, "kWh", rows)


def _full_hours() -> list[tuple[float, str]]:
    """Return the hours ago and the start (ISO 8601) of each hour, the oldest first."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return [(hours_ago, (now - timedelta(hours=hours_ago)).isoformat()) for hours_ago in range(HOURS, 0, -1)]


async def _import(hass: HomeAssistant, statistic_id: str, name: str | None, unit: str, rows: list[Json]) -> None:
    is_meter = name is not None
    metadata: dict[str, Json] = {
        "statistic_id": statistic_id,
        "source": statistic_id.partition(":")[0] if is_meter else "recorder",
        "name": name,
        "has_sum": is_meter,
        "mean_type": 0 if is_meter else 1,
        "unit_of_measurement": unit,
        "unit_class": "energy" if is_meter else UNIT_CLASSES[unit],
    }
    await hass.call("recorder/import_statistics", object, metadata=metadata, stats=rows)
