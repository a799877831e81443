"""The states of an entry's entities, by field key."""

from collections.abc import Mapping
from math import isclose
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN, UnitOfEnergy
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from .oracle import Expected

type EntityValues = dict[str, bool | float | str | None]

HYSTERESIS = 5  # %
_NOT_IN_PAYLOAD = {"token_expires", "last_report", "time_to_reserve", "time_to_shutdown", "time_to_full"}
_NOT_NUMBERS = {STATE_ON: True, STATE_OFF: False, STATE_UNKNOWN: None, STATE_UNAVAILABLE: STATE_UNAVAILABLE}


def entity_states(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, str]:
    """Return {key: state} of the enabled entities."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    states = {one.unique_id.removeprefix(f"{entry.unique_id}_"): hass.states.get(one.entity_id) for one in entities}
    return {key: state.state for key, state in states.items() if state}


def entity_values(hass: HomeAssistant, entry: ConfigEntry[Any]) -> EntityValues:
    """Return {key: number, bool, None (unknown), or "unavailable"} of the enabled entities that show the payload.

    Energies are in Wh, whatever unit Home Assistant shows.
    """
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    states = {one.unique_id.removeprefix(f"{entry.unique_id}_"): hass.states.get(one.entity_id) for one in entities}
    return {key: _value(state) for key, state in states.items() if state and key not in _NOT_IN_PAYLOAD}


def _value(state: State) -> bool | float | str | None:
    if state.state in _NOT_NUMBERS:
        return _NOT_NUMBERS[state.state]
    is_kwh = state.attributes.get("unit_of_measurement") == UnitOfEnergy.KILO_WATT_HOUR
    return float(state.state) * (1000 if is_kwh else 1)


def values_match(values: EntityValues, expected: Mapping[str, Expected]) -> bool:
    """Return whether both have the same keys and, within rounding errors, the same values."""
    if values.keys() != expected.keys():
        return False
    different = {key for key in expected if not _is_same(values[key], expected[key])}
    return not different or (different == {"at_reserve"} and _may_still_be_at_reserve(expected))


def _may_still_be_at_reserve(expected: Mapping[str, Expected]) -> bool:
    """Return whether the charge is so little above the reserve that earlier values decide."""
    charge, reserve = expected.get("agg_soc"), expected.get("adjusted_backup_soc")
    return charge is not None and reserve is not None and reserve < charge < reserve + HYSTERESIS


def _is_same(value: bool | float | str | None, expected: Expected) -> bool:
    if isinstance(value, float) and isinstance(expected, int | float) and not isinstance(expected, bool):
        return isclose(value, expected, rel_tol=1e-12, abs_tol=1e-12)
    return value is expected
