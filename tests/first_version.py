"""The storage of Home Assistant after the first version of the integration has set up a gateway.

It was recorded with that version on the oldest supported Home Assistant, and the emulator's scenario 8.3_all_keys.
"""

from collections.abc import Mapping
from hashlib import md5
from typing import Any, Final

SERIAL: Final = "122300000001"
DEVICE: Final = "5b1d0000000000000000000000000001"
ENTRY: Final = "01FIRST0000000000000000000"
CORE_ENTRY: Final = "01CORE00000000000000000000"
CREATED_AT: Final = "2026-11-23T00:00:00+00:00"

ENABLED: Final = {
    "token_expires": "sensor.~_token_expires",
    "agg_soc": "sensor.~_state_of_charge",
    "agg_avail_energy": "sensor.~_stored_energy",
    "agg_backup_energy": "sensor.~_reserve_energy",
    "energy_above_reserve": "sensor.~_energy_above_reserve",
    "configured_backup_soc": "sensor.~_configured_reserve",
    "adjusted_backup_soc": "sensor.~_applied_reserve",
    "max_energy": "sensor.~_capacity",
    "enc_agg_soh": "sensor.~_iq_battery_health",
    "freq_bias_hz": "sensor.~_frequency_bias_phase_a",
    "voltage_bias_v": "sensor.~_voltage_bias_phase_a",
    "shutdown": "binary_sensor.~_shutdown",
}
DISABLED: Final = {
    "enc_agg_soc": "sensor.~_iq_battery_state_of_charge",
    "enc_agg_avail_energy": "sensor.~_iq_battery_stored_energy",
    "enc_commissioned_capacity": "sensor.~_iq_battery_commissioned_capacity",
    "enc_max_available_capacity": "sensor.~_iq_battery_available_capacity",
    "vls_limit": "sensor.~_battery_shutdown_level",
    "soc_recovery_entry": "sensor.~_recovery_entry_level",
    "soc_recovery_exit": "sensor.~_recovery_exit_level",
    "freq_bias_hz_phaseb": "sensor.~_frequency_bias_phase_b",
    "freq_bias_hz_phasec": "sensor.~_frequency_bias_phase_c",
    "voltage_bias_v_phaseb": "sensor.~_voltage_bias_phase_b",
    "voltage_bias_v_phasec": "sensor.~_voltage_bias_phase_c",
    "freq_bias_hz_q8": "sensor.~_frequency_bias_q8_phase_a",
    "freq_bias_hz_q8_phaseb": "sensor.~_frequency_bias_q8_phase_b",
    "freq_bias_hz_q8_phasec": "sensor.~_frequency_bias_q8_phase_c",
    "voltage_bias_v_q5": "sensor.~_voltage_bias_q5_phase_a",
    "voltage_bias_v_q5_phaseb": "sensor.~_voltage_bias_q5_phase_b",
    "voltage_bias_v_q5_phasec": "sensor.~_voltage_bias_q5_phase_c",
    "offgrid_secctrl_f": "sensor.~_off_grid_control_f",
    "offgrid_secctrl_v": "sensor.~_off_grid_control_v",
    "offgrid_secctrl_vd_neg": "sensor.~_off_grid_control_vd_negative",
    "offgrid_secctrl_vq_neg": "sensor.~_off_grid_control_vq_negative",
    "offgrid_secctrl_vd_zero": "sensor.~_off_grid_control_vd_zero",
    "offgrid_secctrl_vq_zero": "sensor.~_off_grid_control_vq_zero",
    "offgrid_secctrl_is_active": "binary_sensor.~_off_grid_secondary_control_active",
    "offgrid_secctrl_is_system_balanced": "binary_sensor.~_off_grid_system_balanced",
    "offgrid_secctrl_seq_reset_needed": "binary_sensor.~_off_grid_sequence_reset_needed",
    "soc_rec_enabled": "binary_sensor.~_low_charge_recovery_enabled",
    "commission_in_progress": "binary_sensor.~_commissioning",
    "ess_in_progress": "binary_sensor.~_ess_in_progress",
    "ess_r3_to_r4_in_progress": "binary_sensor.~_ess_r3_to_r4_in_progress",
}
"""{key: entity ID}, where ~ is the name of the device. ENABLED are the entities that are enabled by default."""


def entity_ids(keys: Mapping[str, str]) -> dict[str, str]:
    """Return {unique ID: entity ID}."""
    return {f"{SERIAL}_{key}": name.replace("~", f"iq_gateway_{SERIAL}") for key, name in keys.items()}


def storage(entry: dict[str, Any], core: dict[str, Any], **changed: dict[str, Any]) -> dict[str, Any]:
    """Return the storage files: the entry, an Enphase Envoy entry, and the entities with changes by the user."""
    entities = [
        _entity(unique_id, entity_id, disabled_by) | changed.get(unique_id.removeprefix(f"{SERIAL}_"), {})
        for keys, disabled_by in ((ENABLED, None), (DISABLED, "integration"))
        for unique_id, entity_id in entity_ids(keys).items()
    ]
    entries = [
        _entry("enphase_secctrl", ENTRY, f"IQ Gateway {SERIAL}") | entry,
        _entry("enphase_envoy", CORE_ENTRY, f"Envoy {SERIAL}") | core,
    ]
    settings = {"entity_id_parts": None}
    contents = {
        "core.config_entries": (1, 5, {"entries": entries}),
        "core.device_registry": (3, 4, {"devices": [_device()], "child_devices": [], "deleted_devices": []}),
        "core.entity_registry": (
            1,
            23,
            {"entities": entities, "deleted_entities": [], "settings": settings},
        ),
    }
    return {
        key: {"version": version, "minor_version": minor, "key": key, "data": content}
        for key, (version, minor, content) in contents.items()
    }


def _times() -> dict[str, str]:
    return {"created_at": CREATED_AT, "modified_at": CREATED_AT}


def _entry(domain: str, entry_id: str, title: str) -> dict[str, Any]:
    return {
        **_times(),
        "domain": domain,
        "entry_id": entry_id,
        "title": title,
        "unique_id": SERIAL,
        "source": "user",
        "version": 1,
        "minor_version": 1,
        "data": {},
        "options": {},
        "subentries": [],
        "discovery_keys": {},
        "disabled_by": None,
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
    }


def _device() -> dict[str, Any]:
    unset = ("area_id", "config_subentry_id", "disabled_by", "entry_type", "hw_version", "name_by_user")
    split = ("composite_device_id", "composite_primary_config_entry", "split_at", "via_device_id")
    return {
        **_times(),
        **dict.fromkeys((*unset, *split)),
        "id": DEVICE,
        "config_entry_id": ENTRY,
        "primary_config_entry": ENTRY,
        "has_composite_identifiers": False,
        "connections": [],
        "identifiers": [["enphase_secctrl", SERIAL]],
        "labels": [],
        "serial_number": SERIAL,
        "manufacturer": "Enphase",
        "model": "IQ Gateway Metered",
        "model_id": "800-00654-r08",
        "name": f"IQ Gateway {SERIAL}",
        "sw_version": "8.3.6086",
        "configuration_url": "https://127.0.0.1",
    }


def _entity(unique_id: str, entity_id: str, disabled_by: str | None) -> dict[str, Any]:
    empty = ("area_id", "capabilities", "config_subentry_id", "device_class", "entity_category", "hidden_by", "icon")
    unset = ("name", "original_device_class", "original_icon", "original_name", "previous_unique_id")
    return {
        **_times(),
        **dict.fromkeys((*empty, *unset, "object_id_base", "suggested_object_id", "unit_of_measurement")),
        "aliases": [],
        "aliases_v2": [None],
        "categories": {},
        "labels": [],
        "options": {},
        "config_entry_id": ENTRY,
        "device_id": DEVICE,
        "disabled_by": disabled_by,
        "entity_id": entity_id,
        "id": md5(unique_id.encode(), usedforsecurity=False).hexdigest(),
        "has_entity_name": True,
        "platform": "enphase_secctrl",
        "supported_features": 0,
        "translation_key": None,
        "unique_id": unique_id,
    }
