"""States of a battery system that no public payload has ever shown. Diagnostics keep the last payload of each.

They are kept in memory, even across reloads: such a state may be over when the user downloads the diagnostics.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .client import Report, Source, Value
from .const import DOMAIN
from .fields import KNOWN_OR_IGNORED, KNOWN_PATHS


@dataclass(frozen=True, kw_only=True)
class RareReport:
    """A report in a rare state, and when it was received."""

    time: datetime
    report: Report


_RARE_REPORTS: Final[HassKey[dict[str, dict[str, RareReport]]]] = HassKey(f"{DOMAIN}.rare_reports")
_SOURCES: Final = {path: Source(paths=(path,), value_type=value_type) for path, value_type in KNOWN_PATHS.items()}
_IN_PROGRESS: Final = ("Commission_in_progress", "ESS_in_progress", "ESS_R3_To_R4_in_progress")
_BIASES: Final = ("freq_bias_hz", "voltage_bias_v", "freq_bias_hz_q8", "voltage_bias_v_q5")


def rare_states(report: Report) -> Iterator[str]:
    """Yield the name of each rare state that the report shows."""
    yield from _storage_states(report)
    yield from _control_states(report)
    if report.unknown_paths(KNOWN_OR_IGNORED):
        yield "unknown_key"


def _storage_states(report: Report) -> Iterator[str]:
    configured, adjusted = _value(report, "configured_backup_soc"), _value(report, "adjusted_backup_soc")
    if None not in (configured, adjusted) and configured != adjusted:
        yield "adjusted_reserve"
    commissioned, available = _value(report, "Enc_commissioned_capacity"), _value(report, "Enc_max_available_capacity")
    if commissioned is not None and available is not None and available < commissioned:
        yield "reduced_capacity"
    if not report.is_measured:
        yield "capacity_without_health"
    if _value(report, "shutdown"):
        yield "shutdown"
    if any(_value(report, path) for path in _IN_PROGRESS):
        yield "in_progress"


def _control_states(report: Report) -> Iterator[str]:
    if _value(report, "offgrid_secctrl.is_active"):
        yield "off_grid_control_active"
    if _value(report, "offgrid_secctrl.is_system_balanced") is False:
        yield "off_grid_not_balanced"
    if any(_value(report, f"{bias}_phasec") for bias in _BIASES):
        yield "bias_on_phase_c"
    if any(_value(report, f"{bias}_phaseb") not in (None, 0, _value(report, bias)) for bias in _BIASES):
        yield "bias_on_phase_b_unlike_a"


def _value(report: Report, path: str) -> Value | None:
    return report.value(_SOURCES[path])


def record_rare_states(hass: HomeAssistant, entry: ConfigEntry[Any], report: Report) -> None:
    """Keep the report for each rare state that it shows."""
    for name in rare_states(report):
        kept = hass.data.setdefault(_RARE_REPORTS, {}).setdefault(entry.entry_id, {})
        kept[name] = RareReport(time=dt_util.utcnow(), report=report)


def rare_reports(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, RareReport]:
    """Return the last report of each rare state that was seen since Home Assistant started."""
    return hass.data.get(_RARE_REPORTS, {}).get(entry.entry_id, {})


def forget_rare_reports(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Forget the reports of a removed entry."""
    hass.data.get(_RARE_REPORTS, {}).pop(entry.entry_id, None)
