"""A day that has been, for the charts: statistics as Home Assistant would have made them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import cos, pi, sin
from typing import Final

from scripts.hass import HomeAssistant, Json

from .journey import Journey
from .views import enabled

HOURS: Final = 28 * 24
EVENING: Final = 20  # o'clock
SINCE_FULL: Final = 5.37  # h ago the sun was highest
CAPACITY: Final = 10_000  # Wh
RESERVE: Final = 15  # %
METERS: Final = {"demo:battery_in": "Battery charged", "demo:battery_out": "Battery discharged"}


def charge(ago: float) -> float:
    """Return the state of charge (%) so many hours ago: 66 now, and going down; the weather changes."""
    sun = 52 + 15 * sin(ago / 14)
    return min(100, max(RESERVE, 57.5 + sun * cos(2 * pi * (ago - SINCE_FULL) / 24)))


def flow(ago: float) -> float:
    """Return the energy (Wh) that leaves the batteries in the hour after it."""
    return (charge(ago) - charge(ago - 1)) * CAPACITY / 100


# By key: what was shown so many hours ago, from what is shown now
CURVES: Final[dict[str, Callable[[float, float], float]]] = {
    "agg_soc": lambda ago, _: int(charge(ago)),
    "agg_avail_energy": lambda ago, _: int(charge(ago)) * CAPACITY / 100,
    "energy_above_reserve": lambda ago, _: (int(charge(ago)) - RESERVE) * CAPACITY / 100,
    "agg_backup_energy": lambda _, now: now,
    "adjusted_backup_soc": lambda _, now: now,
    "configured_backup_soc": lambda _, now: now,
    "enc_agg_soh": lambda _, now: now,
    "freq_bias_hz": lambda ago, now: now * flow(ago) / flow(0.5),
    "voltage_bias_v": lambda ago, now: now * flow(ago) / flow(0.5),
}
CLASSES: Final = {"%": "unitless", "Wh": "energy", "V": "voltage", "Hz": None}


def evening() -> str:
    """Return the time zone in which it is evening now, so that the sun shines by day in what is shown."""
    east = (EVENING - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-east:+}"


def starts() -> list[tuple[float, str]]:
    """Return (hours ago, beginning) of the full hours, the oldest first."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return [(ago, (now - timedelta(hours=ago)).isoformat()) for ago in range(HOURS, 0, -1)]


async def remember(journey: Journey) -> None:
    """Give the first gateway's sensors a past, and the house two meters at its batteries."""
    await journey.hass.call("config/core/update", object, time_zone=evening())
    for entity in await enabled(journey, journey.gateway):
        if curve := CURVES.get(entity.key):
            now = float(entity.value or 0)
            means = {start: curve(ago, now) for ago, start in starts()}
            rows: list[Json] = [
                {"start": start, "mean": mean, "min": mean, "max": mean} for start, mean in means.items()
            ]
            await _import(journey.hass, entity.entity_id, None, entity.unit, rows)
    for sign, (meter, name) in zip((-1, 1), METERS.items(), strict=True):
        sums = accumulate(max(0, sign * flow(ago)) / 1000 for ago, _ in starts())
        rows = [{"start": start, "state": sum_, "sum": sum_} for (_, start), sum_ in zip(starts(), sums, strict=True)]
        await _import(journey.hass, meter, name, "kWh", rows)


async def _import(hass: HomeAssistant, statistic: str, name: str | None, unit: str, rows: list[Json]) -> None:
    is_meter = name is not None
    metadata: dict[str, Json] = {
        "statistic_id": statistic,
        "source": statistic.partition(":")[0] if is_meter else "recorder",
        "name": name,
        "has_sum": is_meter,
        "mean_type": 0 if is_meter else 1,
        "unit_of_measurement": unit,
        "unit_class": "energy" if is_meter else CLASSES[unit],
    }
    await hass.call("recorder/import_statistics", object, metadata=metadata, stats=rows)
