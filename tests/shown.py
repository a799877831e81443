"""What Home Assistant shows of an entry, by the keys of the contract."""

from collections.abc import Mapping
from datetime import timedelta
from math import isclose
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from .oracle import Expected

type Shown = dict[str, bool | float | str | None]

_FLAGS = {STATE_ON: True, STATE_OFF: False, STATE_UNKNOWN: None, STATE_UNAVAILABLE: STATE_UNAVAILABLE}


def states(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, str]:
    """Return {key: state} of the enabled entities."""
    known = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    found = {one.unique_id.removeprefix(f"{entry.unique_id}_"): hass.states.get(one.entity_id) for one in known}
    return {key: state.state for key, state in found.items() if state}


def shown(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Shown:
    """Return {key: number, flag, None for unknown} of the enabled entities, without the token's."""
    found = states(hass, entry)
    found.pop("token_expires", None)
    return {key: _FLAGS[state] if state in _FLAGS else float(state) for key, state in found.items()}


def agrees(shown: Shown, expected: Mapping[str, Expected]) -> bool:
    """Return whether both have the same keys, and values that are the same within a float's last digits."""
    return shown.keys() == expected.keys() and all(_same(shown[key], expected[key]) for key in expected)


def _same(left: bool | float | str | None, right: Expected) -> bool:
    if isinstance(left, float) and isinstance(right, int | float) and not isinstance(right, bool):
        return isclose(left, right, rel_tol=1e-12, abs_tol=1e-12)
    return left is right


async def poll(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 11) -> None:
    """Let the time of the next poll come, and the poll end."""
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def outlast(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let so many polls fail that the last report stands no more."""
    for _ in range(3):
        await poll(hass, freezer, 61)
