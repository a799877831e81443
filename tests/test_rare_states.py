"""Diagnostics keep the last payload of each state that no public payload has ever shown."""

from collections.abc import Mapping
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.enphase_secctrl.diagnostics import async_get_config_entry_diagnostics
from tests.emulator import SCENARIOS, Gateway
from tests.polling import poll

OFF_GRID = {"F": 0.0, "V": 0.0, "Vd_neg": 0.0, "Vq_neg": 0.0, "Vd_zero": 0.0, "Vq_zero": 0.0}
STATES: Mapping[str, Mapping[str, Any]] = {
    "adjusted_reserve": {"configured_backup_soc": 20, "adjusted_backup_soc": 100},
    "reduced_capacity": {"Enc_max_available_capacity": 5000, "Enc_commissioned_capacity": 10000},
    "capacity_without_health": {"ENC_agg_soh": 0},
    "shutdown": {"shutdown": True},
    "in_progress": {"ESS_in_progress": True},
    "off_grid_control_active": {
        "offgrid_secctrl": {**OFF_GRID, "is_active": True, "is_system_balanced": True, "seq_reset_needed": False}
    },
    "off_grid_not_balanced": {
        "offgrid_secctrl": {**OFF_GRID, "is_active": False, "is_system_balanced": False, "seq_reset_needed": False}
    },
    "bias_on_phase_c": {"voltage_bias_v_phasec": 0.5},
    "bias_on_phase_b_unlike_a": {"freq_bias_hz": 0.1, "freq_bias_hz_phaseb": 0.2},
    "unknown_key": {"a_new_key": "owner@example.com"},
}


async def rare_states(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return what the diagnostics of the entry hold."""
    found = (await async_get_config_entry_diagnostics(hass, entry))["rare_states"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", STATES)
async def test_kept(
    name: str, hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, loaded_entry: MockConfigEntry
) -> None:
    """A rare state is in the diagnostics an hour after it is over, with its time, even after a reload."""
    assert await rare_states(hass, loaded_entry) == {}
    normal = dict(gateway.payload)
    gateway.payload.update(STATES[name])
    await poll(hass, freezer)
    seen = (await rare_states(hass, loaded_entry))[name]
    gateway.payload.clear()
    gateway.payload.update(normal)
    await poll(hass, freezer, 3600)
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await hass.async_block_till_done()
    kept = await rare_states(hass, loaded_entry)
    assert kept == {name: seen}
    assert kept[name]["report"].keys() == {**normal, **STATES[name]}.keys()
    assert "owner@example.com" not in str(kept)
    assert await hass.config_entries.async_remove(loaded_entry.entry_id)
    assert await rare_states(hass, loaded_entry) == {}


async def test_last_one_is_kept(
    hass: HomeAssistant, gateway: Gateway, freezer: FrozenDateTimeFactory, loaded_entry: MockConfigEntry
) -> None:
    """Of several payloads in the same state, the last one is kept."""
    for level in (50, 60):
        gateway.payload.update(configured_backup_soc=20, adjusted_backup_soc=level)
        await poll(hass, freezer)
    kept = (await rare_states(hass, loaded_entry))["adjusted_reserve"]
    assert kept["report"]["adjusted_backup_soc"] == 60


@pytest.mark.parametrize("scenario", SCENARIOS.keys() - {"8.2_unit_down", "8.3_r4_migration"})
async def test_known_payloads(scenario: str, hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry) -> None:
    """The payloads that are like public ones show none of these states."""
    gateway.scenario = scenario
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await rare_states(hass, entry) == {}
